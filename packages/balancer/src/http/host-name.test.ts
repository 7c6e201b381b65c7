import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostName } from "./host-name.ts";

describe("the name in a Host field", () => {
  it("is without port and trailing dot, in lower case", () => {
    for (const rule of ["nginx-1.22", "strict"] as const) {
      assert.equal(hostName("WWW.Example.com.:8080", rule), "www.example.com");
      assert.equal(hostName("[::1]:80", rule), "[::1]");
      assert.equal(hostName("a_b:", rule), "a_b");
    }
  });

  it("is none where nginx answers 400", () => {
    const bad = ["", ".", "..", "a..b", "a/b", "a b", "a\tb", "a\u0001", "a\u007f", ":80", ":", "a:80/x", "a:80 x"];
    for (const field of bad) {
      assert.equal(hostName(field, "nginx-1.22"), undefined, field);
      assert.equal(hostName(field, "strict"), undefined, field);
    }
  });

  it("is a host of RFC 3986 with a port there can be, by nginx's newer rule", () => {
    for (const field of [
      "a:x",
      "a:65536",
      "a:80:80",
      "u@a",
      "a?b",
      "a#b",
      "a\\b",
      "<a>",
      "[::1",
      "[::1].",
      "[%31]",
      "a\u00e9",
    ]) {
      assert.notEqual(hostName(field, "nginx-1.22"), undefined, field);
      assert.equal(hostName(field, "strict"), undefined, field);
    }
    assert.equal(hostName("a%41:65535", "strict"), "a%41");
  });
});
