import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf } from "../test-support/peers.ts";
import { policy } from "./least-conn.ts";

const affinity = ({ id }: { id: string }) => (id === "b" ? 10 : 1);

describe("least_conn", () => {
  it("chooses the fewest leases for the weight", () => {
    const peers = [peerOf("a", { conns: 3, weight: 2 }), peerOf("b", { conns: 1 }), peerOf("c", { conns: 2 })];
    assert.deepEqual(choices(policy.pick, peers, 1), ["b"]);
  });

  it("goes round among equals, by weight", () => {
    const peers = [peerOf("a", { weight: 2 }), peerOf("b")];
    assert.deepEqual(choices(policy.pick, peers, 6), ["a", "b", "a", "a", "b", "a"]);
  });

  it("among equals prefers who holds more of the prompt", () => {
    assert.deepEqual(choices(policy.pick, [peerOf("a"), peerOf("b")], 2, { affinity }), ["b", "b"]);
  });
});
