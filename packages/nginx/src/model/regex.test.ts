import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { MatchLimitError, NginxConfigError, nowhere } from "../errors.ts";
import { translatePattern } from "./pattern.ts";
import { compileRegex, type NginxRegex } from "./regex.ts";

function compiled(pattern: string): NginxRegex {
  return compileRegex(pattern, false, nowhere);
}

function failure(pattern: string, caseless = false): string | undefined {
  try {
    compileRegex(pattern, caseless, nowhere);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof NginxConfigError);
    return error.code;
  }
}

describe("nginx regular expressions", () => {
  it("match as PCRE does where JavaScript differs", () => {
    for (const [pattern, text, matches] of [
      ["^/a$", "/a\n", true],
      ["^/a\\z", "/a\n", false],
      ["^/a$", "/a", true],
      ["^/a\\Z", "/a\n", true],
      ["a.b", "a\rb", true],
      ["a.b", "a\nb", false],
      ["(?i)ABC", "xabcx", true],
      ["(?s)a.b", "a\nb", true],
      ["(?m)^b$", "a\nb\nc", true],
      ["(?m)^b$", "a\rb\rc", false],
      ["[]x]", "]", true],
      ["[[:digit:]]+$", "12", true],
      ["\\Qa.b\\E", "axb", false],
      ["a\\sb", "a\u00a0b", false],
    ] as const) {
      assert.equal(compiled(pattern).exec(text) !== undefined, matches, `${pattern} on ${JSON.stringify(text)}`);
    }
  });

  it("give their groups by number and by name", () => {
    const { groups, named } = compiled("^/(?<who>[a-z]+)(?:/([0-9]+))?$").exec("/bob") ?? {};
    assert.deepEqual(groups, ["/bob", "bob", undefined]);
    assert.equal(named?.["who"], "bob");
    assert.deepEqual(Object.keys(compiled("(?P<a>x)(?'b'y)(?<c>z)").exec("xyz")?.named ?? {}), ["a", "b", "c"]);
  });

  it("are refused where nothing here can match them, and invalid where PCRE would say so", () => {
    for (const pattern of ["a++", "(?>a)", "(?R)", "a(?i)b", "\\Kx", "(*UTF8)a", "(?(1)a|b)"]) {
      assert.equal(failure(pattern), "NGINX_UNSUPPORTED", pattern);
    }
    for (const pattern of ["(", "[a", "a\\", "*"]) assert.equal(failure(pattern), "NGINX_CONFIG", pattern);
  });

  it("throw nothing but their typed error when they are compiled, whatever the pattern is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."\\()[]{}?*+|^$<>P'=!:#aisZzQEgk1-,.".split("")) }),
        (pattern) => void failure(pattern, true),
      ),
      { numRuns: 2000 },
    );
  });

  it("take no longer the more they could backtrack", () => {
    for (const pattern of ["(a+)+$", "^(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x", "(?i)^(a|aa)+$"]) {
      assert.equal(compiled(pattern).exec(`${"a".repeat(400)}!`), undefined, pattern);
    }
  });

  it("stop at a limit where look-around or a reference makes them backtrack", () => {
    for (const pattern of ["^(?!/x)(a+)+$", "^(a+)+\\1$"]) {
      const regex = compiled(pattern);
      assert.throws(() => regex.exec(`${"a".repeat(60)}!`), MatchLimitError);
      assert.equal(regex.find(`${"a".repeat(60)}!`), "limit");
    }
    assert.deepEqual(compiled("^/(?!api/)(.*)$").exec("/chat")?.groups.slice(), ["/chat", "chat"]);
    // A last line feed is what RE2 has no word for.
    assert.throws(() => compiled("(a+)+$").exec(`${"a".repeat(60)}!\n`), MatchLimitError);
  });

  it("find the same with both engines", () => {
    const pieces = [
      "a",
      "b",
      ".",
      "[ab]",
      "[^a]",
      "(a|b)",
      "(a)",
      "(?:ab|a)",
      "|",
      "*",
      "+",
      "?",
      "{2}",
      "^",
      "$",
      "\\b",
      "/",
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 6 }),
        fc.string({ unit: fc.constantFrom("a", "b", "/", "c"), maxLength: 7 }),
        fc.boolean(),
        (parts, text, caseless) => {
          const pattern = parts.join("");
          if (failure(pattern, caseless) !== undefined) return;
          const { source, flags } = translatePattern(pattern, caseless);
          const expected = new RegExp(source, flags).exec(text);
          const found = compileRegex(pattern, caseless, nowhere).exec(text);
          assert.equal(found !== undefined, expected !== null, `${pattern} on ${text}`);
          if (found !== undefined && found.groups.length > 0) assert.equal(found.groups[0], expected?.[0], pattern);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
