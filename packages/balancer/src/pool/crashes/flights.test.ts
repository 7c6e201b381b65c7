import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { UpstreamPool } from "../upstream-pool.ts";

/** Two workers of Drover's own, and what is asked of them. */
function open() {
  const clock = createManualClock();
  const upstreams = ["a", "b"].map((id) => ({ id, origin: "http://127.0.0.1:1", owned: true, maxConns: 4 }));
  const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock, random: () => 0 });
  for (const { id } of upstreams) pool.members.setReady(id, true);
  const request = () => pool.startPick();
  return { pool, request };
}

describe("a request in a crash", () => {
  it("is a suspect where it was in the worker when the first connection was lost", () => {
    const { pool, request } = open();
    const [killer, beside] = [request(), request()];
    pool.members.setReady("b", false);
    const lease = pool.acquire(killer);
    pool.acquire(beside);
    lease?.release("lost");
    pool.died("a", true);
    assert.deepEqual([killer.deaths, beside.deaths], [1, 1]);
  });

  it("is none where it came to a worker that was dead already, whether it was refused there or not yet", () => {
    const { pool, request } = open();
    const killer = request();
    const dying = pool.acquire(killer);
    pool.members.setReady("b", false);
    dying?.release("lost");
    const [refused, connecting] = [request(), request()];
    pool.acquire(refused)?.release("refused");
    pool.acquire(connecting);
    pool.died("a", true);
    assert.deepEqual(
      [killer, refused, connecting].map(({ deaths }) => deaths),
      [1, 0, 0],
    );
  });
});
