import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choices, peerOf, pickAmong } from "../test-support/peers.ts";
import { policy } from "./round-robin.ts";

describe("round_robin", () => {
  it("spreads the turns of a heavy server evenly over the round", () => {
    const peers = [peerOf("a", { weight: 5 }), peerOf("b"), peerOf("c")];
    assert.deepEqual(choices(policy.pick, peers, 7).join(""), "aabacaa");
  });

  it("goes to the backup servers when none of the others is left, and forgets who was tried", () => {
    const state = pickAmong([peerOf("a", { down: true }), peerOf("b", { down: true })]);
    const backups = pickAmong([peerOf("c")]).group;
    state.group = { ...state.group, next: backups };
    assert.equal(policy.pick(state, { nowMs: 100_000, random: () => 0 })?.id, "c");
  });

  it("uses a lone server whatever its failures", () => {
    assert.deepEqual(choices(policy.pick, [peerOf("a", { fails: 5, checkedAt: 100 })], 1), ["a"]);
  });
});
