import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf } from "../test-support/peers.ts";
import { policy } from "./ip-hash.ts";

describe("ip_hash", () => {
  it("sends all addresses of a /24 network to one server, and goes on when that one is down", () => {
    const peers = [peerOf("a"), peerOf("b"), peerOf("c")];
    const [first] = choices(policy.pick, peers, 1, { clientAddress: "10.1.2.3" });
    assert.deepEqual(choices(policy.pick, peers, 2, { clientAddress: "10.1.2.250" }), [first, first]);
    const others = peers.map((peer) => ({ ...peer, down: peer.id === first }));
    const [other] = choices(policy.pick, others, 1, { clientAddress: "10.1.2.3" });
    assert.ok(other !== undefined && other !== first);
  });
});
