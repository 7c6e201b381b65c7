import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bracketed, isLoopbackAddress, plainAddress, reachableAddress } from "./addresses.ts";

describe("addresses", () => {
  it("have brackets in a URL where they are of IPv6", () => {
    assert.deepEqual(["::1", "10.0.0.1", "example.org"].map(bracketed), ["[::1]", "10.0.0.1", "example.org"]);
  });

  it("of every interface are reached on this machine's own", () => {
    assert.deepEqual(["0.0.0.0", "::", "10.0.0.1"].map(reachableAddress), ["127.0.0.1", "::1", "10.0.0.1"]);
  });

  it("of IPv4 on an IPv6 socket are those of IPv4", () => {
    assert.deepEqual(["::ffff:10.0.0.1", "::1", "10.0.0.1"].map(plainAddress), ["10.0.0.1", "::1", "10.0.0.1"]);
  });

  it("are loopback ones in both families", () => {
    assert.deepEqual(["127.0.0.2", "::1", "10.0.0.1", "::"].map(isLoopbackAddress), [true, true, false, false]);
  });
});
