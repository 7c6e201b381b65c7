import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import type { Lease } from "../pool/lease.ts";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import { Admission, type Claim } from "./admission.ts";
import { FairShares } from "./fair-shares.ts";

interface Simulated {
  readonly owner: string;
  readonly atMs: number;
  readonly tokens: number;
}

interface Served extends Simulated {
  readonly waitedMs: number;
  readonly endMs: number;
}

const MS_PER_TOKEN = 50;

/** Real queue, pool and shares before a worker that makes 20 tokens a second in each slot. No time passes but the clock's. */
async function simulate(slots: number, requests: readonly Simulated[]): Promise<readonly Served[]> {
  const clock = createManualClock();
  const upstreams = [{ id: "1", origin: "http://127.0.0.1:1", owned: true, maxConns: slots }];
  const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock, random: () => 0 });
  pool.members.setReady("1", true);
  const events = { onWaited: () => {}, onWakeNeeded: () => {} };
  const admission = new Admission({ limit: 10_000, timeoutMs: 1e9 }, { pool, clock, events });
  pool.listen({ onVacancy: () => admission.dispatch() });
  const served: Served[] = [];
  const ask = async (request: Simulated) => {
    await new Promise<void>((resolve) => clock.after(request.atMs, resolve));
    const { owner, tokens, atMs } = request;
    const rest = { needsSlot: true, waitedMs: 0, charged: undefined, refusal: undefined };
    const claim: Claim = { ...rest, pick: pool.startPick(), owner, client: new EventEmitter() };
    const lease = (await admission.acquire(claim)) as Lease;
    const waitedMs = clock.monotonicMs() - atMs;
    await new Promise<void>((resolve) => clock.after(tokens * MS_PER_TOKEN, resolve));
    served.push({ ...request, waitedMs, endMs: clock.monotonicMs() });
    admission.account(claim, tokens);
    lease.release("ok");
  };
  await clock.run(Promise.all(requests.map(ask)));
  return served;
}

const backlog = (owner: string, count: number, tokens: number, atMs = 0): Simulated[] =>
  Array.from({ length: count }, () => ({ owner, tokens, atMs }));

describe("slots between owners", () => {
  it("go to whom has had fewer tokens, not fewer requests", async () => {
    const served = await simulate(1, [...backlog("long", 40, 200), ...backlog("short", 400, 10)]);
    const half = served.filter(({ endMs }) => endMs <= 40 * 200 * MS_PER_TOKEN);
    const had = (owner: string) =>
      half.filter((each) => each.owner === owner).reduce((sum, { tokens }) => sum + tokens, 0);
    // Within two of the longest requests: what one takes is known when it ends.
    assert.ok(Math.abs(had("long") - had("short")) <= 400, `${had("long")} and ${had("short")} tokens`);
  });

  it("are free for a short request as soon as one comes free at all, however many long ones wait", async () => {
    const modest = Array.from({ length: 30 }, (_, index) => ({
      owner: "modest",
      tokens: 4,
      atMs: 20_000 + 5000 * index,
    }));
    const served = await simulate(4, [...backlog("greedy", 200, 100), ...modest]);
    const waits = served.filter(({ owner }) => owner === "modest").map(({ waitedMs }) => waitedMs);
    assert.ok(Math.max(...waits) <= 100 * MS_PER_TOKEN, `${Math.max(...waits)} ms, where one long request takes 5000`);
  });

  it("are not saved up: who wanted none for long has no claim on the past", async () => {
    const served = await simulate(1, [...backlog("steady", 100, 100), ...backlog("late", 50, 100, 200_000)]);
    const late = served.filter(({ atMs, endMs }) => endMs > 200_000 && endMs < 400_000 && atMs >= 0);
    const counts = ["steady", "late"].map((owner) => late.filter((each) => each.owner === owner).length);
    assert.ok(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0)) <= 3, `${counts.join(" and ")} requests`);
  });
});

describe("what owners have had", () => {
  it("is forgotten of those who have wanted nothing for longest, when many have come and gone", () => {
    const shares = new FairShares();
    const serve = (owner: string, tokens: number) => {
      const charged = shares.begin(owner);
      shares.end(owner);
      shares.correct(owner, charged, tokens);
    };
    serve("early", 9000);
    for (let index = 0; index < 2000; index += 1) serve(`once ${index}`, 100);
    serve("late", 9000);
    for (const owner of ["early", "late"]) shares.enter(owner);
    assert.deepEqual(shares.inOrder(["late", "early"]), ["early", "late"]);
    assert.equal(shares.isOwed("late", 4), true, "two want slots, and none of those who came once");
    for (let index = 0; index < 2; index += 1) shares.begin("late");
    assert.equal(shares.isOwed("late", 4), false);
  });
});

describe("a share of the slots", () => {
  it("is what each owner has of them when those who want some divide them evenly, and one at the least", () => {
    const shares = new FairShares();
    for (let index = 0; index < 8; index += 1) shares.begin("greedy");
    assert.equal(shares.isOwed("greedy", 8), false, "there is nobody else");
    shares.enter("modest");
    assert.equal(shares.isOwed("modest", 8), true);
    assert.equal(shares.isOwed("greedy", 8), false);
    for (let index = 0; index < 4; index += 1) shares.begin("modest");
    assert.equal(shares.isOwed("modest", 8), false);
    shares.enter("third");
    assert.equal(shares.isOwed("third", 1), true, "more owners than slots");
    shares.begin("third");
    assert.equal(shares.isOwed("third", 1), false);
  });
});
