import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf } from "../test-support/peers.ts";
import { policy } from "./hash.ts";

describe("hash", () => {
  it("sends a key to the same server each time, and elsewhere while that one is down", () => {
    const peers = [peerOf("a"), peerOf("b"), peerOf("c")];
    const key = new TextEncoder().encode("a user");
    const [first] = choices(policy.pick, peers, 1, { key });
    assert.deepEqual(choices(policy.pick, peers, 3, { key }), [first, first, first]);
    const others = peers.map((peer) => ({ ...peer, down: peer.id === first }));
    const [other] = choices(policy.pick, others, 1, { key });
    assert.ok(other !== undefined && other !== first);
  });

  it("goes round where there is no key", () => {
    assert.deepEqual(choices(policy.pick, [peerOf("a"), peerOf("b")], 3), ["a", "b", "a"]);
  });
});
