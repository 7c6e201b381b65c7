import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import { AdmissionQueue } from "./admission-queue.ts";
import { FairShares } from "./fair-shares.ts";

describe("a full queue", () => {
  it("makes room for an owner that has less in it, by sending away the last request of the one with the most", async () => {
    const pool = new UpstreamPool({ policy: "least_conn", clock: systemClock, random: Math.random });
    const parts = { pool, clock: systemClock, shares: new FairShares() };
    const queue = new AdmissionQueue({ limit: 4, timeoutMs: 60_000 }, parts);
    const wait = (owner: string) => queue.wait({ pick: pool.startPick(), owner, client: new EventEmitter() });
    const greedy = Array.from({ length: 4 }, () => wait("greedy"));
    assert.equal((await wait("greedy")).kind, "overflow");
    const first = wait("modest");
    assert.equal((await greedy[3])?.kind, "overflow");
    const second = wait("modest");
    assert.equal((await greedy[2])?.kind, "overflow");
    // Two each: nobody has more than a share.
    assert.equal((await wait("modest")).kind, "overflow");
    assert.equal(queue.depth, 4);
    queue.close();
    assert.deepEqual([(await first).kind, (await second).kind], ["closed", "closed"]);
  });
});
