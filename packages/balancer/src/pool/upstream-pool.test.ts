import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import type { Clock } from "@drover/foundation/clock";
import { systemClock } from "@drover/foundation/clock";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { eventually } from "../test-support/eventually.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";
import { startActiveChecks } from "./active-checks.ts";
import { AdmissionQueue, type QueueOutcome } from "../queue/admission-queue.ts";
import { FairShares } from "../queue/fair-shares.ts";
import type { Lease } from "./lease.ts";
import { PlacementHints } from "./placement-hints.ts";
import { retryAfterSeconds } from "../queue/retry-after.ts";
import { UpstreamPool } from "./upstream-pool.ts";
import type { Upstream } from "./upstream.ts";
import { parseUpstreamLine } from "./upstream-line.ts";
import type { UpstreamSpec } from "./upstream.ts";

function handClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: 1_000_000,
    monotonicMs: () => clock.nowMs,
    epochMs: () => clock.nowMs,
    after: () => () => undefined,
    every: () => () => undefined,
  };
  return clock;
}

function poolOf(upstreams: readonly UpstreamSpec[], clock: Clock = systemClock): UpstreamPool {
  return new UpstreamPool({ policy: "least_conn", upstreams, clock, random: Math.random });
}

function worker(id: string, slots = 4): UpstreamSpec {
  return { id, origin: "http://127.0.0.1:1", owned: true, maxConns: slots };
}

describe("a lease", () => {
  it("is released once, however often that is asked", () => {
    const pool = poolOf([{ id: "a", origin: "http://127.0.0.1:1" }]);
    const lease = pool.acquire(pool.startPick());
    lease?.release("ok");
    lease?.release("failed");
    assert.equal(pool.active, 0);
    assert.equal(pool.members.get("a")?.failures, 0);
  });
});

function setUp(limit = 100) {
  const pool = poolOf([{ id: "a", origin: "http://127.0.0.1:1", maxConns: 1 }]);
  const shares = new FairShares();
  const queue = new AdmissionQueue({ limit, timeoutMs: 60_000 }, { pool, clock: systemClock, shares });
  pool.listen({ onVacancy: () => queue.dispatch() });
  const served: string[] = [];
  const wait = (owner: string, name: string, client = new EventEmitter()) =>
    queue
      .wait({ pick: pool.startPick(), owner, client, onGranted: () => shares.begin(owner) })
      .then((admission: QueueOutcome) => {
        served.push(`${name} ${admission.kind}`);
        return admission;
      });
  return { pool, queue, served, wait };
}

function leaseOf(admission: QueueOutcome): Lease | undefined {
  return admission.kind === "granted" ? admission.lease : undefined;
}

describe("the admission queue", () => {
  it("serves one owner first come first served, and goes round between owners", async () => {
    const { pool, served, wait } = setUp();
    const held = pool.acquire(pool.startPick());
    const waiting = ["a1", "a2", "a3", "b1", "c1", "b2"].map((name) => wait(name[0] ?? "", name));
    held?.release("ok");
    for (const one of [0, 3, 4, 1, 5, 2]) {
      const admission = await waiting[one];
      if (admission !== undefined) leaseOf(admission)?.release("ok");
    }
    assert.deepEqual(
      served.map((line) => line.split(" ")[0]),
      ["a1", "b1", "c1", "a2", "b2", "a3"],
    );
  });

  it("is left at once by a client that goes, and nobody else loses a turn", async () => {
    const { pool, queue, wait } = setUp();
    const held = pool.acquire(pool.startPick());
    const leaving = new EventEmitter();
    const gone = wait("a", "gone", leaving);
    const stays = wait("a", "stays");
    leaving.emit("close");
    assert.equal((await gone).kind, "aborted");
    assert.equal(queue.depth, 1);
    held?.release("ok");
    assert.equal((await stays).kind, "granted");
    assert.equal(pool.active, 1);
  });

  it("refuses more than its limit, but not a retry, which has waited already", async () => {
    const { pool, queue, wait } = setUp(1);
    const held = pool.acquire(pool.startPick());
    const first = wait("a", "first");
    assert.equal((await wait("a", "second")).kind, "overflow");
    const again = queue.wait({ pick: pool.startPick(), owner: "a", client: new EventEmitter(), again: true });
    held?.release("ok");
    assert.equal((await again).kind, "granted");
    queue.close();
    assert.equal((await first).kind, "closed");
  });
});

describe("Retry-After", () => {
  it("is the requests ahead over the measured rate, from 1 to 600 seconds", () => {
    assert.equal(retryAfterSeconds({ depth: 9, slots: 5, meanServiceMs: 2000 }), 4);
    assert.equal(retryAfterSeconds({ depth: 0, slots: 5, meanServiceMs: 10 }), 1);
    assert.equal(retryAfterSeconds({ depth: 10_000, slots: 1, meanServiceMs: 60_000 }), 600);
    assert.equal(retryAfterSeconds({ depth: 3, slots: 0, meanServiceMs: undefined }), 5);
  });
});

function chat(...texts: string[]): Buffer {
  return Buffer.from(JSON.stringify({ messages: texts.map((content) => ({ role: "user", content })) }));
}

describe("placement by prefix", () => {
  it("breaks a tie of least_conn for the worker that has seen the longest part of the chat, until that one restarts", () => {
    const pool = poolOf([worker("a"), worker("b"), worker("c")]);
    for (const id of ["a", "b", "c"]) pool.members.setReady(id, true);
    const hints = new PlacementHints();
    const place = (body: Buffer): string | undefined => {
      const hint = hints.of("/v1/chat/completions", body, pool);
      const lease = pool.acquire(pool.startPick(hint));
      if (lease !== undefined) hint.onPicked(lease.upstream);
      lease?.release("ok");
      return lease?.upstream.id;
    };
    const first = place(chat("hello", "tell me of sheep"));
    place(chat("another talk"));
    assert.equal(place(chat("hello", "tell me of sheep", "and dogs")), first);
    assert.equal(place(chat("hello", "tell me of sheep", "and dogs", "and wolves")), first);
    pool.members.setReady(first ?? "", false);
    const second = place(chat("hello", "tell me of sheep", "and dogs"));
    assert.notEqual(second, first);
    pool.members.setReady(first ?? "", true);
    assert.equal(place(chat("hello", "tell me of sheep", "and dogs")), second);
  });

  it("knows nothing of what other owners have sent", () => {
    const pool = poolOf([worker("a"), worker("b"), worker("c")]);
    for (const id of ["a", "b", "c"]) pool.members.setReady(id, true);
    const hints = new PlacementHints();
    const held = (owner: string) => {
      const { affinity } = hints.of("/v1/chat/completions", chat("hello", "tell me of sheep"), pool, owner);
      return pool.members.all.map((upstream) => affinity?.(upstream) ?? 0);
    };
    hints
      .of("/v1/chat/completions", chat("hello", "tell me of sheep"), pool, "one")
      .onPicked(pool.members.all[0] as Upstream);
    assert.ok((held("one")[0] ?? 0) > 0);
    assert.deepEqual(held("other"), [0, 0, 0]);
    assert.deepEqual(held(""), [0, 0, 0]);
  });

  it("never outweighs fewer connections", () => {
    const pool = poolOf([worker("a"), worker("b")]);
    pool.members.setReady("a", true);
    pool.members.setReady("b", true);
    const hints = new PlacementHints();
    const body = chat("the same");
    const hint = hints.of("/v1/chat/completions", body, pool);
    const first = pool.acquire(pool.startPick(hint));
    if (first !== undefined) hint.onPicked(first.upstream);
    const other = pool.acquire(pool.startPick(hints.of("/v1/chat/completions", body, pool)));
    assert.notEqual(other?.upstream.id, first?.upstream.id);
  });

  it("with the policy prefix goes to the busier worker where that one holds the prompt", () => {
    const pool = new UpstreamPool({
      policy: "prefix",
      upstreams: [worker("a"), worker("b")],
      clock: systemClock,
      random: Math.random,
    });
    pool.members.setReady("a", true);
    pool.members.setReady("b", true);
    const hints = new PlacementHints();
    const body = chat("a long prompt ".repeat(500));
    const hint = hints.of("/v1/chat/completions", body, pool);
    const first = pool.acquire(pool.startPick(hint));
    if (first !== undefined) hint.onPicked(first.upstream);
    const other = pool.acquire(pool.startPick(hints.of("/v1/chat/completions", body, pool)));
    assert.equal(other?.upstream.id, first?.upstream.id);
  });
});

describe("placement by prefix among workers that share their snapshots", () => {
  it("takes the idle one, though another has read the prompt", () => {
    const shares = ["a", "b"].map((id) => ({ ...worker(id), sharesState: true }));
    const pool = new UpstreamPool({ policy: "prefix", upstreams: shares, clock: systemClock, random: Math.random });
    pool.members.setReady("a", true);
    pool.members.setReady("b", true);
    const hints = new PlacementHints();
    const body = chat("a long prompt ".repeat(500));
    const hint = hints.of("/v1/chat/completions", body, pool);
    const first = pool.acquire(pool.startPick(hint));
    assert.ok(first !== undefined);
    hint.onPicked(first.upstream);
    hint.onFirstByte(first.upstream, 100);
    const other = pool.acquire(pool.startPick(hints.of("/v1/chat/completions", body, pool)));
    assert.notEqual(other?.upstream.id, first.upstream.id);
  });
});

describe("a failed server", () => {
  it("is out for fail_timeout, whichever way the machine's time is set meanwhile", () => {
    const clock = createManualClock();
    clock.advance(60_000);
    const pool = poolOf(
      ["a", "b"].map((id) => ({ id, origin: "http://127.0.0.1:1" })),
      clock,
    );
    const failing = pool.acquire(pool.startPick());
    failing?.release("failed");
    const isTried = (): boolean => {
      const leases = [1, 2].map(() => pool.acquire(pool.startPick()));
      for (const lease of leases) lease?.release("unused");
      return leases.some((lease) => lease?.upstream === failing?.upstream);
    };
    for (const epochMs of [3_600_000, -3_600_000]) {
      clock.setEpochMs(epochMs);
      assert.equal(isTried(), false);
      clock.advance(4000);
    }
    clock.advance(4000);
    assert.equal(isTried(), true);
  });
});

describe("slow start", () => {
  it("gives a server that came back a share that rises with the time", () => {
    const clock = handClock();
    const specs = ["a", "b"].map((id) => ({
      id,
      origin: `http://127.0.0.1:${id === "a" ? 1 : 2}`,
      weight: 10,
      slowStartMs: 10_000,
    }));
    const pool = new UpstreamPool({ policy: "round_robin", upstreams: specs, clock, random: Math.random });
    const share = (): number => {
      const picks = Array.from({ length: 110 }, () => pool.acquire(pool.startPick())?.upstream.id);
      return picks.filter((id) => id === "b").length;
    };
    assert.equal(share(), 55);
    pool.members.setDown("b", { failsChecks: true });
    assert.equal(share(), 0);
    pool.members.setDown("b", { failsChecks: false });
    clock.nowMs += 1000;
    assert.ok(Math.abs(share() - 10) <= 2, "a tenth of the time, a tenth of the weight");
    clock.nowMs += 9000;
    assert.ok(Math.abs(share() - 55) <= 2, "all of it at the end");
  });
});

describe("active checks", () => {
  it("take out a server after `fall` bad responses and bring it back after `rise` good ones", async () => {
    const now = { status: 200, text: "all is well" };
    const upstream = await httpUpstream((_request, response) => response.writeHead(now.status).end(now.text));
    const pool = poolOf([{ id: "a", origin: upstream.origin }]);
    const changes: string[] = [];
    const rule = { path: "/health", intervalMs: 10, rise: 2, fall: 3, timeoutMs: 60_000, bodyIncludes: "well" };
    const stop = startActiveChecks(pool.members, rule, systemClock, (_upstream, up, reason) =>
      changes.push(`${up} ${reason}`),
    );
    await eventually("some probes", () => upstream.seen() >= 3);
    assert.deepEqual(changes, []);
    now.text = "all is ill";
    await eventually("it is out", () => pool.members.get("a")?.down === true);
    now.text = "well again";
    await eventually("it is back", () => pool.members.get("a")?.down === false);
    now.status = 500;
    await eventually("it is out again", () => pool.members.get("a")?.down === true);
    stop();
    await upstream.close();
    assert.deepEqual(changes, ['false its response lacks "well"', "true ", "false it responded with 500"]);
  });

  it("leave alone what is marked down, and Drover's own workers", async () => {
    const upstream = await httpUpstream((_request, response) => response.writeHead(500).end());
    const { origin } = upstream;
    const pool = poolOf([
      { id: "down", origin, down: true },
      { ...worker("own"), origin },
      { id: "checked", origin },
    ]);
    const rule = { path: "/", intervalMs: 5, rise: 1, fall: 1, timeoutMs: 60_000 };
    const stop = startActiveChecks(pool.members, rule, systemClock, () => undefined);
    await eventually("the third is out", () => pool.members.get("checked")?.down === true);
    stop();
    await upstream.close();
    assert.equal(pool.members.get("own")?.down, false);
  });
});

describe("active checks that have ended", () => {
  it("take nobody out by a probe that was still under way", async () => {
    const owed: ServerResponse[] = [];
    const upstream = await httpUpstream((_request, response) => void owed.push(response));
    const pool = poolOf([{ id: "a", origin: upstream.origin }]);
    const rule = { path: "/", intervalMs: 60_000, rise: 1, fall: 1, timeoutMs: 60_000 };
    const changes: string[] = [];
    const start = (name: string) =>
      startActiveChecks(pool.members, rule, systemClock, (_upstream, up) => changes.push(`${name} ${up}`));
    start("first")();
    await eventually("its probe is under way", () => owed.length === 1);
    const stop = start("second");
    await eventually("the next one, too", () => owed.length === 2);
    for (const response of owed) await new Promise<void>((resolve) => response.writeHead(500).end(resolve));
    await eventually("it is out", () => pool.members.get("a")?.down === true);
    stop();
    await upstream.close();
    assert.deepEqual(changes, ["second false"]);
  });
});

describe("an entry of balancer.upstreams", () => {
  it("takes nginx's words for a server", () => {
    assert.deepEqual(
      parseUpstreamLine("http://10.0.0.1:8081 weight=3 max_conns=8 max_fails=2 fail_timeout=30s slow_start=1m backup"),
      {
        id: "10.0.0.1:8081",
        origin: "http://10.0.0.1:8081",
        weight: 3,
        maxConns: 8,
        maxFails: 2,
        failTimeoutMs: 30_000,
        slowStartMs: 60_000,
        backup: true,
      },
    );
    assert.throws(() => parseUpstreamLine("http://10.0.0.1 wieght=3"), /"wieght=3" is not known; known are weight=N/);
  });

  it("is refused where a part of the URL would be dropped, and no password is repeated", () => {
    for (const origin of [
      "http://10.0.0.1/v1",
      "http://10.0.0.1?x=1",
      "http://user:password@10.0.0.1",
      "http://unix:/a.sock:/v1",
    ]) {
      assert.throws(
        () => poolOf([parseUpstreamLine(origin)]),
        (error: Error) => error.message.includes("give scheme, host and port") && !error.message.includes("password"),
      );
    }
  });
});

/** `b` stands by as long as `a` could take the request. */
const poolWithStandBy = () => {
  const asked: (readonly string[])[] = [];
  const pool = new UpstreamPool({
    policy: "least_conn",
    upstreams: [worker("a", 1), worker("b", 1)],
    clock: systemClock,
    random: Math.random,
    standBy: (able) => {
      asked.push(able);
      return new Set(able.includes("a") ? ["b"] : []);
    },
  });
  pool.members.setReady("a", true);
  pool.members.setReady("b", true);
  return { pool, asked };
};

describe("workers that stand by", () => {
  it("are given nothing while another one can take a request, now or once a slot of it comes free", () => {
    const { pool, asked } = poolWithStandBy();
    assert.equal(pool.acquire(pool.startPick())?.upstream.id, "a");
    const waiting = pool.startPick();
    assert.equal(pool.acquire(waiting), undefined);
    assert.equal(pool.vacancy(waiting), "busy");
    assert.deepEqual(asked, [
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("take over from one that is not ready, drained, or was given the request before", () => {
    for (const away of ["gone", "drained", "tried"] as const) {
      const { pool } = poolWithStandBy();
      const pick = pool.startPick();
      if (away === "gone") pool.members.setReady("a", false);
      if (away === "drained") void pool.members.drain("a");
      if (away === "tried") pool.acquire(pick)?.release("lost");
      assert.equal(pool.acquire(pick)?.upstream.id, "b", away);
    }
  });
});
