import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { findLocation, type LocationMatch, type LocationNode } from "./locations.ts";
import { translateRegex } from "./regex.ts";
import { ServerNames } from "./server-names.ts";
import { parseSize, parseTime } from "../read/units.ts";
import { escapeUri, normalizePath, parseTarget } from "./uri.ts";

function node(
  match: LocationMatch,
  inside: readonly LocationNode<string>[] = [],
  redirect = false,
): LocationNode<string> {
  const value = match.kind === "regex" ? String(match.regex) : match.kind === "named" ? match.name : match.path;
  return { match, value: match.kind === "exact" ? `=${value}` : value, autoRedirect: redirect, inside };
}
const prefix = (path: string, inside: readonly LocationNode<string>[] = []) =>
  node({ kind: "prefix", path, noRegex: false }, inside);
const regex = (pattern: RegExp, inside: readonly LocationNode<string>[] = []) =>
  node({ kind: "regex", regex: pattern }, inside);

function find(nodes: readonly LocationNode<string>[], uri: string): string {
  const found = findLocation(nodes, uri);
  return found.kind === "found" ? found.value : found.kind === "redirect" ? `-> ${found.path}` : "none";
}

function compile(pattern: string): RegExp | string {
  const result = translateRegex(pattern, false);
  return result.kind === "regex" ? result.value.regex : result.kind;
}

describe("nginx locations", () => {
  it("prefers exact, then ^~, then regular expressions in order, then the longest prefix", () => {
    const nodes = [
      prefix("/"),
      node({ kind: "exact", path: "/a" }),
      prefix("/a"),
      node({ kind: "prefix", path: "/img/", noRegex: true }),
      regex(/\.png$/),
      regex(/^\/a\//),
    ];
    assert.equal(find(nodes, "/a"), "=/a");
    assert.equal(find(nodes, "/ab"), "/a");
    assert.equal(find(nodes, "/a/x.png"), "/\\.png$/");
    assert.equal(find(nodes, "/a/x"), "/^\\/a\\//");
    assert.equal(find(nodes, "/img/x.png"), "/img/");
    assert.equal(find(nodes, "/zzz"), "/");
  });

  it("asks the regular expressions inside the prefix found before those outside", () => {
    const nodes = [prefix("/v1/", [regex(/chat/), prefix("/v1/models")]), regex(/./)];
    assert.equal(find(nodes, "/v1/chat"), "/chat/");
    assert.equal(find(nodes, "/v1/models"), "/./");
    assert.equal(find([prefix("/v1/", [prefix("/v1/models")])], "/v1/models/x"), "/v1/models");
    assert.equal(find([prefix("/x")], "/y"), "none");
  });

  it("redirects to a proxied directory unless a location is named like the path", () => {
    const proxied = node({ kind: "prefix", path: "/v1/", noRegex: false }, [], true);
    assert.equal(find([proxied, prefix("/")], "/v1"), "-> /v1/");
    assert.equal(find([proxied, prefix("/v1")], "/v1"), "/v1");
  });
});

describe("nginx server names", () => {
  const names = new ServerNames("default");
  names.add({ kind: "exact", name: "a.example.com" }, "exact");
  names.add({ kind: "leading", suffix: ".example.com" }, "leading");
  names.add({ kind: "leading", suffix: ".b.example.com" }, "longer");
  names.add({ kind: "trailing", prefix: "mail." }, "trailing");
  const pattern = translateRegex("^(?<user>.+)\\.example\\.org$", false);
  assert.ok(pattern.kind === "regex");
  names.add({ kind: "regex", regex: pattern.value }, "regex");

  it("are tried as exact, leading wildcard, trailing wildcard, regular expression, default", () => {
    for (const [host, server] of [
      ["a.example.com", "exact"],
      ["x.example.com", "leading"],
      ["x.b.example.com", "longer"],
      ["mail.anything.net", "trailing"],
      ["mail.example.com", "leading"],
      ["bob.example.org", "regex"],
      ["nowhere", "default"],
      ["", "default"],
    ] as const) {
      assert.equal(names.find(host).server, server, host);
    }
    assert.equal(names.find("bob.example.org").captures?.groups?.["user"], "bob");
    assert.equal(names.add({ kind: "exact", name: "a.example.com" }, "second"), false);
  });
});

describe("nginx regular expressions", () => {
  it("match as PCRE does where JavaScript differs", () => {
    for (const [pattern, text, matches] of [
      ["^/a$", "/a\n", true],
      ["^/a\\z", "/a\n", false],
      ["a.b", "a\rb", true],
      ["a.b", "a\nb", false],
      ["(?i)ABC", "xabcx", true],
      ["(?s)a.b", "a\nb", true],
      ["[]x]", "]", true],
      ["[[:digit:]]+$", "12", true],
      ["\\Qa.b\\E", "axb", false],
      ["a\\sb", "a\u00a0b", false],
    ] as const) {
      const regex = compile(pattern);
      assert.ok(regex instanceof RegExp, pattern);
      assert.equal(regex.test(text), matches, `${pattern} on ${JSON.stringify(text)}`);
    }
    assert.deepEqual(translateRegex("(?P<a>x)(?'b'y)(?<c>z)", false).kind, "regex");
  });

  it("are refused where JavaScript cannot do it, and invalid where PCRE would say so", () => {
    for (const pattern of ["a++", "(?>a)", "(?R)", "a(?i)b", "\\Kx", "(*UTF8)a", "(?(1)a|b)"]) {
      assert.equal(compile(pattern), "unsupported", pattern);
    }
    for (const pattern of ["(", "[a", "a\\", "*"]) assert.equal(compile(pattern), "invalid", pattern);
  });

  it("never throw, whatever the pattern is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."\\()[]{}?*+|^$<>P'=!:#aisZzQEgk1-,.".split("")) }),
        (pattern) => {
          translateRegex(pattern, true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("nginx units", () => {
  it("read sizes and times, and refuse what nginx refuses", () => {
    assert.equal(parseSize("10m"), 10 * 1024 * 1024);
    assert.equal(parseSize("1g", "without g"), undefined);
    assert.equal(parseSize("-1"), undefined);
    assert.equal(parseTime("75", "s"), 75_000);
    assert.equal(parseTime("1h 30m", "ms"), 5_400_000);
    assert.equal(parseTime("1s500ms", "ms"), 1500);
    for (const bad of ["", "x", "1m1h", "500ms ", "1y"]) {
      const expected = bad === "500ms " ? 500 : undefined;
      assert.equal(parseTime(bad, "ms"), expected, bad);
    }
    assert.equal(parseTime("500ms", "s"), undefined);
  });
});

describe("nginx URIs", () => {
  it("are decoded, resolved and merged before a location is looked for", () => {
    assert.equal(normalizePath("/a/./b/../c//d%20e", true), "/a/c/d e");
    assert.equal(normalizePath("/a//b", false), "/a//b");
    assert.equal(normalizePath("/a/..", true), "/");
    for (const bad of ["/%", "/%zz", "/%00", "/..", "/a/../../b"])
      assert.equal(normalizePath(bad, true), undefined, bad);
    assert.deepEqual(parseTarget("http://h:1/p?q#f", true), {
      unparsed: "/p?q#f",
      uri: "/p",
      args: "q",
      hasArgs: true,
      host: "h:1",
    });
    assert.equal(parseTarget("*", true), undefined);
    assert.equal(escapeUri('/a b"?%{é'), "/a%20b%22%3F%25%7B%E9");
  });
});
