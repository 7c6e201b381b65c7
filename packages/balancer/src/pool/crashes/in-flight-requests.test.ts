import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { UpstreamPool } from "../upstream-pool.ts";

/** Workers of Drover's own, and what is asked of them. */
function open(ids: readonly string[] = ["a", "b"]) {
  const clock = createManualClock();
  const upstreams = ids.map((id) => ({ id, origin: "http://127.0.0.1:1", owned: true, maxConns: 4 }));
  const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock, random: () => 0 });
  for (const { id } of upstreams) pool.members.setReady(id, true);
  const request = (sender?: string) => pool.startPick(sender === undefined ? {} : { sender });
  return { clock, pool, request };
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

function workersOf(leases: readonly ({ readonly upstream: { readonly id: string } } | undefined)[]) {
  return leases.map((lease) => lease?.upstream.id);
}

describe("requests that come together", () => {
  const ids = ["a", "b", "c", "d"];

  it("of one sender are in two workers for the first second, whatever is free beside, and then in any", () => {
    const { clock, pool, request } = open(ids);
    let vacancies = 0;
    pool.listen({ onVacancy: () => (vacancies += 1) });
    request("alice");
    const leases = Array.from({ length: 9 }, () => pool.acquire(request("mallory")));
    assert.equal(new Set(workersOf(leases.slice(0, 8))).size, 2);
    assert.equal(leases[8], undefined, "their slots are taken");
    assert.equal(pool.vacancy(request("mallory")), "busy");
    assert.ok(pool.isChoosy(request("mallory")));
    assert.ok(!pool.isChoosy(request("alice")));
    assert.ok(pool.acquire(request("alice")), "others have the other workers");
    clock.advance(1000);
    assert.ok(vacancies > 0, "those who wait are told");
    assert.ok(pool.acquire(request("mallory")));
  });

  it("are wherever there is room while nobody else sends any", () => {
    const { pool, request } = open(ids);
    assert.deepEqual(workersOf(ids.map(() => pool.acquire(request("mallory")))).toSorted(), ids);
  });

  it("beside the slots are in two workers as well", () => {
    const { pool, request } = open(ids);
    request("alice");
    const leases = Array.from({ length: 4 }, () => pool.acquireBeside(request("mallory"), 1));
    assert.equal(new Set(workersOf(leases)).size, 3, "two workers and none");
  });

  it("are tried again one after another, when they were in crashes", () => {
    const { clock, pool, request } = open(ids);
    const [one, other] = [request("carol"), request("david")];
    for (const suspect of [one, other]) suspect.deaths = 1;
    const first = pool.acquire(one);
    assert.ok(first);
    assert.equal(pool.acquire(other), undefined);
    clock.advance(1000);
    assert.ok(pool.acquire(other), "the first one has crashed nothing in a second");
  });
});
