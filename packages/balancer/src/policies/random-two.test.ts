import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerOf, pickAmong } from "../test-support/peers.ts";
import { policy } from "./random-two.ts";

describe("random_two", () => {
  it("takes the less loaded one of two that it drew", () => {
    const peers = [peerOf("a", { conns: 5 }), peerOf("b", { conns: 1 }), peerOf("c")];
    const values = [0, 0.5];
    const chosen = policy.pick(pickAmong(peers), { nowMs: 100_000, random: () => values.shift() ?? 0 });
    assert.equal(chosen?.id, "b");
  });

  it("goes round when it keeps drawing the same one", () => {
    const chosen = policy.pick(pickAmong([peerOf("a"), peerOf("b")]), { nowMs: 100_000, random: () => 0 });
    assert.equal(chosen?.id, "a");
  });
});
