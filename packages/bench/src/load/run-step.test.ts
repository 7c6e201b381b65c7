import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSlo } from "./slo.ts";
import { createTimedClient, type TimedResponse } from "../test-support/timed-client.ts";
import { type Clock, pause } from "@drover/foundation/clock";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { findPreset } from "../presets/presets.ts";
import type { Question } from "../client/exchange.ts";
import { runStep, type StepOptions } from "./run-step.ts";

const STEADY: TimedResponse = { ttftMs: 200, itlMs: 50, tokens: 17 };

const measure = (
  options: Partial<StepOptions>,
  response: (number: number) => TimedResponse = () => STEADY,
  slots?: number,
  date: Partial<Clock> = {},
  responseTo?: (question: Question) => TimedResponse,
) => {
  const clock = { ...createManualClock(), ...date };
  const client = createTimedClient(
    clock,
    (number, question) => (responseTo === undefined ? response(number) : responseTo(question)),
    slots,
  );
  const defaults = {
    preset: findPreset("code"),
    responseTokens: 10,
    wordsPerToken: 1,
    seed: 1,
    thinkMs: 1000,
    warmupMs: 10_000,
  };
  const step = runStep({
    ...defaults,
    load: { users: 4 },
    durationMs: 60_000,
    client,
    clock,
    signal: new AbortController().signal,
    ...options,
  });
  return clock.run(step);
};
const failing = (share: number) => (number: number) => ({ ...STEADY, fails: number % 100 < share });
/** The tokens of the first response come so far apart. */
const firstPauses = (itlMs: number) => (number: number) => (number === 1 ? { ttftMs: 200, itlMs, tokens: 9 } : STEADY);
const near = (actual: number | null, expected: number) =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= expected * 0.002, `${actual} is not ${expected}`);

/** What so many users ask in a step. */
const asked = async (users: number) => {
  const questions: string[] = [];
  const clock = createManualClock();
  const inner = createTimedClient(clock, () => STEADY);
  const client: StepOptions["client"] = {
    ...inner,
    ask: (question, ...rest) => {
      questions.push(JSON.stringify(question.messages));
      return inner.ask(question, ...rest);
    },
  };
  const base = {
    preset: findPreset("chat"),
    responseTokens: 10,
    wordsPerToken: 1,
    seed: 1,
    thinkMs: 1000,
    warmupMs: 0,
  };
  const signal = new AbortController().signal;
  await clock.run(runStep({ ...base, load: { users }, durationMs: 20_000, client, clock, signal }));
  return questions;
};

describe("one step of load", () => {
  it("asks the same as before for the same seed and load, and other things for another load", async () => {
    const two = await asked(2);
    assert.deepEqual(await asked(2), two);
    const four = new Set(await asked(4));
    assert.ok(two.length > 10 && two.every((question) => !four.has(question)));
  });

  it("reports known delays to 0.2%, for the response, the first token and between tokens", async () => {
    const { counts } = await measure({});
    near(counts.response.p50Ms, 1000);
    near(counts.response.p95Ms, 1000);
    near(counts.ttft.p99Ms, 200);
    near(counts.itl.p50Ms, 50);
    near(counts.itl.p95Ms, 50);
    // A second of answering and a second of thinking: each of 4 users asks every 2 s.
    assert.equal(counts.ok, 120);
    near(counts.requestsPerSecond, 2);
    near(counts.tokensOutPerSecond, 34);
    near(counts.tokensInPerSecond, 20);
    assert.equal(counts.cachedTokens, 4);
    assert.equal(
      counts.itlBars.reduce((sum, bar) => sum + bar.count, 0),
      120 * 16,
    );
  });

  it("leaves the warm-up out, however slow it is", async () => {
    const { counts } = await measure({}, (number) => (number <= 4 ? { ...STEADY, ttftMs: 8000 } : STEADY));
    near(counts.response.maxMs, 1000);
  });

  it("waits for a slow target where so many responses are wanted: until each user had one, then in windows of full length", async () => {
    // One slot, 25 s a response, 4 users who do not think: 0.04 requests/s, and each waits for three others.
    const slow = { ttftMs: 1000, itlMs: 1500, tokens: 17 };
    const { counts } = await measure({ thinkMs: 0, leastResponses: 5 }, () => slow, 1);
    near(counts.windowMs, 180_000);
    assert.equal(counts.ok, 7);
    near(counts.response.p50Ms, 100_000);
    const planned = await measure({ thinkMs: 0 }, () => slow, 1);
    near(planned.counts.windowMs, 60_000);
    const silent = await measure({ leastResponses: 5 }, () => ({ ttftMs: 1e9, itlMs: 0, tokens: 1 }));
    near(silent.counts.windowMs, 600_000);
  });

  it("ends with so many responses: the window begins when all first requests have ended, and lies between two ends", async () => {
    // One slot: the four first requests end after 1, 2, 3 and 4 s, and then one request each second.
    const { counts } = await measure({ thinkMs: 0, responses: 5 }, () => STEADY, 1);
    near(counts.windowMs, 5000);
    assert.equal(counts.ok, 5);
    near(counts.requestsPerSecond, 1);
    near(counts.response.maxMs, 4000);
    const silent = await measure({ responses: 5, durationMs: 6000 }, () => ({ ttftMs: 1e9, itlMs: 0, tokens: 1 }));
    near(silent.counts.windowMs, 60_000);
    assert.deepEqual([silent.counts.ok, silent.counts.unfinished], [0, 4]);
  });

  it("has nothing to show where it is interrupted before every user's first request has ended", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const client = createTimedClient(clock, () => ({ ...STEADY, ttftMs: 1e9 }));
    const base = {
      preset: findPreset("code"),
      responseTokens: 10,
      wordsPerToken: 1,
      seed: 1,
      thinkMs: 0,
      warmupMs: 0,
      responses: 5,
    };
    const step = runStep({ ...base, load: { users: 2 }, durationMs: 60_000, client, clock, signal: stop.signal });
    await clock.run(pause(clock, 20_000));
    stop.abort();
    assert.equal((await clock.run(step)).counts.windowMs, 0);
  });

  it("knows how long a stream stood still, also one that had not ended by then", async () => {
    // The third token of the first response comes after 30 s, and so the stream has not ended when the window does.
    const { counts } = await measure({ warmupMs: 0, durationMs: 45_000 }, firstPauses(30_000));
    near(counts.itl.maxMs, 50);
    near(counts.longestPauseMs, 30_000);
    const hung = await measure({ warmupMs: 0, durationMs: 45_000 }, firstPauses(1e9));
    near(hung.counts.longestPauseMs, 44_800);
  });

  it("has the long prompts of the mixed preset every 20 s, or as soon as the one before has its response", async () => {
    const load = { preset: findPreset("mixed"), load: { users: 2 }, thinkMs: 0, warmupMs: 0, durationMs: 99_000 };
    const kindsAt = async (longMs: number) => {
      // The two users and the one beside them begin at once, in this order; each asks again when it has its response.
      const { counts } = await measure(load, undefined, undefined, undefined, (question) =>
        question.messages.length > 1 ? { ttftMs: longMs, itlMs: 10, tokens: 2 } : STEADY,
      );
      return Object.fromEntries(counts.kinds.map(({ kind, ok, ttft }) => [kind, { ok, ttftMs: ttft.p50Ms }]));
    };
    const quick = await kindsAt(1000);
    assert.equal(quick["long prompts"]?.ok, 5);
    near(quick["long prompts"]?.ttftMs ?? null, 1000);
    near(quick["streams"]?.ttftMs ?? null, 200);
    assert.equal((await kindsAt(32_000))["long prompts"]?.ok, 3);
    const { counts } = await measure({ ...load, responses: 2 }, undefined, undefined, undefined, (question) =>
      question.messages.length > 1 ? { ttftMs: 1000, itlMs: 10, tokens: 2 } : STEADY,
    );
    assert.equal(counts.kinds.find(({ kind }) => kind === "long prompts")?.ok, 2);
    assert.ok(counts.ok > 30, "the streams are not what ends the window");
  });

  it("is not touched by a wall clock that jumps back and forth", async () => {
    let jumps = 0;
    const steady = await measure({});
    const jumping = await measure({}, undefined, undefined, {
      epochMs: () => ((jumps += 1) % 2 === 0 ? 0 : 4e12),
    });
    assert.deepEqual(jumping.counts, steady.counts);
  });

  it("counts open loop latency from the intended arrival: one slot at 1.5 requests/s of 1 s each makes everyone wait", async () => {
    const open = await measure({ load: { perSecond: 1.5 } }, undefined, 1);
    assert.ok((open.counts.response.p95Ms ?? 0) > 15_000, "the waiting is in the figure");
    near(open.counts.ttft.maxMs, (open.counts.response.maxMs ?? 0) - 800);
    const closed = await measure({ load: { users: 1 } }, undefined, 1);
    near(closed.counts.response.p95Ms, 1000);
  });

  it("keeps failures apart with their reasons, and pauses a user that was refused", async () => {
    const { counts } = await measure({ thinkMs: 0, load: { users: 1 } }, (number) =>
      number % 2 === 0 ? STEADY : { ttftMs: 1, itlMs: 0, tokens: 1, fails: true },
    );
    assert.deepEqual(counts.reasons, { "http-500": counts.failed });
    assert.ok(Math.abs(counts.ok - counts.failed) <= 1);
    near(counts.response.p50Ms, 1000);
    assert.ok(counts.failed <= 31, "a failing user asks at most once a second");
  });

  it("says that a silent target served nobody, and that no target is met", async () => {
    const slo = parseSlo("p95<10s");
    const silent = await measure({ slo }, () => ({ ttftMs: 1e9, itlMs: 0, tokens: 1 }));
    assert.equal(silent.counts.ok, 0);
    assert.equal(silent.counts.unfinished, 4);
    assert.equal(silent.counts.successRate, null);
    assert.equal(silent.counts.response.p95Ms, null);
    assert.deepEqual(silent.slo, { valueMs: null, met: false });
    const alive = await measure({ slo });
    assert.equal(alive.slo?.met, true);
  });

  it("misses the target when the failed, taken as endless, reach into the quantile", async () => {
    const slo = parseSlo("p95<10s");
    assert.equal((await measure({ slo }, failing(3))).slo?.met, true);
    assert.equal((await measure({ slo }, failing(10))).slo?.met, false);
  });

  it("keeps what was counted when it is interrupted", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const client = createTimedClient(clock, () => STEADY);
    const base = {
      preset: findPreset("code"),
      responseTokens: 10,
      wordsPerToken: 1,
      seed: 1,
      thinkMs: 1000,
      warmupMs: 0,
    };
    const step = runStep({ ...base, load: { users: 2 }, durationMs: 60_000, client, clock, signal: stop.signal });
    await clock.run(pause(clock, 20_500));
    stop.abort();
    const { counts } = await clock.run(step);
    assert.ok(counts.ok >= 19 && counts.ok <= 21, `${counts.ok} responses in 20 s`);
    near(counts.windowMs, 20_500);
  });
});
