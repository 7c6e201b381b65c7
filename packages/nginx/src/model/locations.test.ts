import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findLocation, type LocationMatch, type LocationNode } from "./locations.ts";
import { nowhere } from "../errors.ts";
import { compileRegex } from "./regex.ts";

function node(
  match: LocationMatch,
  inside: readonly LocationNode<string>[] = [],
  redirect = false,
): LocationNode<string> {
  const value = match.kind === "regex" ? match.regex.pattern : match.kind === "named" ? match.name : match.path;
  return { match, value: match.kind === "exact" ? `=${value}` : value, autoRedirect: redirect, inside };
}
const prefix = (path: string, inside: readonly LocationNode<string>[] = []) =>
  node({ kind: "prefix", path, noRegex: false }, inside);
function regex(pattern: string, inside: readonly LocationNode<string>[] = []): LocationNode<string> {
  return node({ kind: "regex", regex: compileRegex(pattern, false, nowhere) }, inside);
}

function find(nodes: readonly LocationNode<string>[], uri: string): string {
  const found = findLocation(nodes, uri);
  return found.kind === "found" ? found.value : found.kind === "redirect" ? `-> ${found.path}` : "none";
}

describe("nginx locations", () => {
  it("prefers exact, then ^~, then regular expressions in order, then the longest prefix", () => {
    const nodes = [
      prefix("/"),
      node({ kind: "exact", path: "/a" }),
      prefix("/a"),
      node({ kind: "prefix", path: "/img/", noRegex: true }),
      regex("\\.png$"),
      regex("^/a/"),
    ];
    assert.equal(find(nodes, "/a"), "=/a");
    assert.equal(find(nodes, "/ab"), "/a");
    assert.equal(find(nodes, "/a/x.png"), "\\.png$");
    assert.equal(find(nodes, "/a/x"), "^/a/");
    assert.equal(find(nodes, "/img/x.png"), "/img/");
    assert.equal(find(nodes, "/zzz"), "/");
  });

  it("asks the regular expressions inside the prefix found before those outside", () => {
    const nodes = [prefix("/v1/", [regex("chat"), prefix("/v1/models")]), regex(".")];
    assert.equal(find(nodes, "/v1/chat"), "chat");
    assert.equal(find(nodes, "/v1/models"), ".");
    assert.equal(find([prefix("/v1/", [prefix("/v1/models")])], "/v1/models/x"), "/v1/models");
    assert.equal(find([prefix("/x")], "/y"), "none");
  });

  it("redirects to a proxied directory unless a location is named like the path", () => {
    const proxied = node({ kind: "prefix", path: "/v1/", noRegex: false }, [], true);
    assert.equal(find([proxied, prefix("/")], "/v1"), "-> /v1/");
    assert.equal(find([proxied, prefix("/v1")], "/v1"), "/v1");
  });
});
