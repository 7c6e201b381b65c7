import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf } from "../test-support/peers.ts";
import { policy } from "./consistent-hash.ts";

describe("consistent_hash", () => {
  it("sends a key to the same server each time, and elsewhere while that one is down", () => {
    const peers = [peerOf("a"), peerOf("b"), peerOf("c")];
    const key = new TextEncoder().encode("a user");
    const [first] = choices(policy.pick, peers, 1, { key });
    assert.deepEqual(choices(policy.pick, peers, 3, { key }), [first, first, first]);
    const others = peers.map((peer) => ({ ...peer, down: peer.id === first }));
    const [other] = choices(policy.pick, others, 1, { key });
    assert.ok(other !== undefined && other !== first);
  });

  it("moves no other key when a server goes", () => {
    const peers = [peerOf("a"), peerOf("b"), peerOf("c")];
    const without = peers.map((peer) => ({ ...peer, down: peer.id === "c" }));
    const keys = Array.from({ length: 100 }, (_, index) => new TextEncoder().encode(`user ${index}`));
    for (const key of keys) {
      const [before] = choices(policy.pick, peers, 1, { key });
      if (before !== "c") assert.deepEqual(choices(policy.pick, without, 1, { key }), [before]);
    }
  });

  it("goes round where there is no key", () => {
    assert.deepEqual(choices(policy.pick, [peerOf("a"), peerOf("b")], 3), ["a", "b", "a"]);
  });
});
