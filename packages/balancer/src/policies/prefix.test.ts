import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf } from "../test-support/peers.ts";
import { policy } from "./prefix.ts";

const cost = ({ id }: { id: string }) => ({ a: 9, b: 4, c: 1 })[id] ?? 0;

describe("prefix", () => {
  it("takes the lowest cost of those that have room", () => {
    const peers = [peerOf("a"), peerOf("b", { conns: 2 }), peerOf("c", { conns: 2, maxConns: 2 })];
    assert.deepEqual(choices(policy.pick, peers, 1, { cost }), ["b"]);
  });

  it("decides by least_conn among equal costs", () => {
    const peers = [peerOf("a", { conns: 1 }), peerOf("b")];
    assert.deepEqual(choices(policy.pick, peers, 1, { cost: () => 1 }), ["b"]);
  });
});
