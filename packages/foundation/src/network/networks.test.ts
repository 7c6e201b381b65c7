import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { networkOf } from "./networks.ts";

/** Which of the addresses are in the network. */
function inside(network: string, ...addresses: readonly string[]): readonly string[] {
  return addresses.filter((address) => networkOf(network)?.has(address));
}

describe("a network", () => {
  it("has the addresses that begin with its bits", () => {
    assert.deepEqual(inside("10.0.0.0/8", "10.1.2.3", "11.0.0.1", "::1", "unix:", ""), ["10.1.2.3"]);
    assert.deepEqual(inside("2001:db8::/32", "2001:db8:1::1", "2001:db9::1", "10.0.0.1"), ["2001:db8:1::1"]);
    assert.deepEqual(inside("0.0.0.0/0", "10.1.2.3", "255.255.255.255"), ["10.1.2.3", "255.255.255.255"]);
  });

  it("is one address where it has no bits", () => {
    assert.deepEqual(inside("10.0.0.1", "10.0.0.1", "10.0.0.2"), ["10.0.0.1"]);
    assert.deepEqual(inside("::1", "::1", "::2", "127.0.0.1"), ["::1"]);
  });

  it("has addresses of the other family by their mapped form", () => {
    assert.deepEqual(inside("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:a00:1"), ["::ffff:10.0.0.1", "::ffff:a00:1"]);
    assert.deepEqual(inside("::ffff:10.0.0.0/104", "10.0.0.1", "11.0.0.1"), ["10.0.0.1"]);
    assert.deepEqual([networkOf("10.0.0.0/8")?.family, networkOf("::/0")?.family], [4, 6]);
  });

  it("is nothing else", () => {
    for (const text of [
      "",
      "all",
      "10.0.0.0/33",
      "10.0.0.0/",
      "10.0.0.0/8/8",
      "10.0.0.0/+8",
      "10.0.0/8",
      "::/129",
      "/8",
    ])
      assert.equal(networkOf(text), undefined, text);
  });
});
