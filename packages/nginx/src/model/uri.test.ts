import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { escapeUri, normalizePath, parseTarget } from "./uri.ts";

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
