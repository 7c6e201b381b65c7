import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerOf, pickAmong } from "../test-support/peers.ts";
import { policy } from "./random.ts";

describe("random", () => {
  it("draws by weight", () => {
    const peers = [peerOf("a", { weight: 3 }), peerOf("b")];
    const drawn = [0, 0.74, 0.75, 0.99].map(
      (value) => policy.pick(pickAmong(peers), { nowMs: 100_000, random: () => value })?.id,
    );
    assert.deepEqual(drawn, ["a", "a", "b", "b"]);
  });
});
