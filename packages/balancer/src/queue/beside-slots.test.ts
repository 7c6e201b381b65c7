import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import type { Lease } from "../pool/lease.ts";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import { Admission, type Claim } from "./admission.ts";

const LIMIT = 20;

/** Real queues and a real pool before workers of one slot each, of which nobody asks anything. */
function open(workers: number) {
  const clock = createManualClock();
  const upstreams = Array.from({ length: workers }, (_, index) => {
    return { id: String(index), origin: "http://127.0.0.1:1", owned: true, maxConns: 1 };
  });
  const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock, random: () => 0 });
  for (const { id } of upstreams) pool.members.setReady(id, true);
  const events = { onWaited: () => {}, onWakeNeeded: () => {} };
  const admission = new Admission({ limit: LIMIT, timeoutMs: 1e9 }, { pool, clock, events });
  pool.listen({ onVacancy: () => admission.dispatch() });
  const granted: { readonly owner: string; readonly lease: Lease }[] = [];
  const ask = (owner: string, needsSlot = false) => {
    const claim: Claim = {
      pick: pool.startPick(),
      owner,
      client: new EventEmitter(),
      needsSlot,
      waitedMs: 0,
      charged: undefined,
      refusal: undefined,
    };
    const asked = Promise.resolve(admission.acquire(claim)).then((lease) => {
      if (lease !== undefined) granted.push({ owner, lease });
      return lease;
    });
    return { claim, asked };
  };
  const askOften = (owner: string, times: number) => Array.from({ length: times }, () => ask(owner));
  const had = (owner: string) => granted.filter((one) => one.owner === owner).length;
  return { clock, pool, admission, granted, ask, askOften, had };
}

describe("requests beside the slots of a worker", () => {
  it("are waited for when it is drained", async () => {
    const { pool, granted, ask } = open(1);
    ask("one");
    await settled();
    let isDrained = false;
    const drain = pool.members.drain("0").then(() => (isDrained = true));
    await settled();
    assert.equal(isDrained, false);
    granted[0]?.lease.release("ok");
    await drain;
  });

  it("are a few of each worker at a time, spread over all; the rest waits, and is refused where too many do", async () => {
    const { pool, admission, had, askOften } = open(2);
    const asked = askOften("greedy", 60);
    await settled();
    assert.deepEqual(
      pool.members.all.map(({ beside }) => beside),
      [4, 4],
    );
    assert.equal(had("greedy"), 8);
    assert.equal(admission.queue.depth, 0);
    const refused = asked.filter(({ claim }) => claim.refusal === "overflow");
    assert.equal(refused.length, 60 - 8 - LIMIT);
    const [one] = refused;
    assert.ok(one !== undefined && admission.retryAfterSeconds(one.claim) >= 1);
  });

  it("wait for no slot, and nobody waits for a slot because of them", async () => {
    const { pool, granted, admission, ask, askOften } = open(1);
    await ask("a", true).asked;
    askOften("a", 30);
    await ask("b").asked;
    void ask("c", true);
    await settled();
    assert.equal(admission.queue.depth, 1, "only for the slot");
    granted[0]?.lease.release("ok");
    await settled();
    assert.equal(granted.at(-1)?.owner, "c");
    assert.equal(pool.members.all[0]?.conns, 1);
  });

  it("of another key begin at once, however many one key has under way and in the queue", async () => {
    const { pool, had, ask, askOften } = open(1);
    askOften("greedy", 60);
    await settled();
    await ask("modest").asked;
    await ask("third").asked;
    assert.deepEqual([had("modest"), had("third")], [1, 1]);
    const { beside = 0 } = pool.members.all[0] ?? {};
    assert.equal(beside, 6);
    askOften("modest", 10);
    askOften("third", 10);
    await settled();
    assert.ok((pool.members.all[0]?.beside ?? 99) <= 8, "a worker has no more than twice as many");
  });

  it("give each key the same time of the workers, be its requests many or long", async () => {
    const { clock, ask } = open(1);
    const took = { long: 0, short: 0 };
    const keepAsking = (owner: "long" | "short", ms: number) => {
      const line = async (): Promise<void> => {
        while (clock.monotonicMs() < 60_000) {
          const lease = await ask(owner).asked;
          await new Promise<void>((resolve) => clock.after(ms, resolve));
          took[owner] += ms;
          lease?.release("ok");
        }
      };
      return Array.from({ length: 8 }, line);
    };
    await clock.run(Promise.all([...keepAsking("long", 400), ...keepAsking("short", 20)]));
    const ratio = took.long / took.short;
    assert.ok(ratio > 0.7 && ratio < 1.5, `${took.long} and ${took.short} ms`);
  });

  it("wait for a worker that loads, and begin when it is ready", async () => {
    const { pool, had, ask } = open(1);
    pool.members.setReady("0", false);
    const { asked } = ask("a");
    await settled();
    assert.equal(had("a"), 0);
    pool.members.setReady("0", true);
    await asked;
    assert.equal(had("a"), 1);
  });
});
