import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { q40Costs, q4kCosts, wideCosts } from "../test-support/step-costs.ts";
import { amxTwoThreads } from "../simulation/recorded-machines.ts";
import { type Situation, scheduleStep } from "./scheduler.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_127 });

const quiet = { decode: 1, prompt: 1, attentionMs: 0 };

function situation(more: Partial<Situation> = {}): Situation {
  const { decoding = 0, costs = wideCosts } = more;
  return {
    prompts: [],
    decoding,
    decodeMs: costs?.groupMs(decoding) ?? 0,
    beginMs: 0,
    costs,
    slowness: quiet,
    pausedMs: 0,
    hasRead: false,
    creditMs: 10_000,
    longestPauseMs: 1500,
    batchTokens: 512,
    ...more,
  };
}

const prompt = (slot: number, remaining: number, waitedMs = 0) => ({ slot, remaining, depth: 0, waitedMs });

describe("what the next step computes", () => {
  it("decodes where no prompt waits", () => {
    assert.deepEqual(scheduleStep(situation({ decoding: 3 })), { kind: "decode" });
  });

  it("reads a short prompt in one piece beside running responses, since it costs them the same in two", () => {
    assert.deepEqual(scheduleStep(situation({ decoding: 1, prompts: [prompt(4, 50)] })), {
      kind: "read",
      slot: 4,
      tokens: 50,
    });
  });

  it("lets responses begin whose prompt is known, where everybody's next step is much longer", () => {
    const known = { decoding: 9, decodeMs: 180, beginMs: 45, prompts: [prompt(4, 30)] };
    const alone = { ...known, prompts: [] };
    assert.deepEqual(scheduleStep(situation(known)), { kind: "begin" });
    assert.deepEqual(scheduleStep(situation({ ...alone, beginMs: 110 })), { kind: "decode" });
    assert.deepEqual(scheduleStep(situation({ ...alone, pausedMs: 50, hasRead: true })), { kind: "begin" });
    assert.deepEqual(scheduleStep(situation({ ...alone, pausedMs: 70, hasRead: true })), { kind: "decode" });
    assert.deepEqual(scheduleStep(situation({ ...known, creditMs: 0 })), { kind: "decode" });
  });

  it("takes the shortest prompt first, and of those of about its length the oldest", () => {
    const prompts = [prompt(0, 400, 10), prompt(1, 30, 5), prompt(2, 40, 9)];
    assert.deepEqual(scheduleStep(situation({ prompts })), { kind: "read", slot: 2, tokens: 40 });
  });

  it("reads ahead after all prompts that somebody waits for, in small pieces, one after each token of running responses", () => {
    const ahead = { ...prompt(0, 100, 60_000), isAhead: true };
    const piece = { kind: "read", slot: 0, tokens: 16 };
    assert.deepEqual(scheduleStep(situation({ prompts: [ahead, prompt(1, 30)] })), {
      kind: "read",
      slot: 1,
      tokens: 30,
    });
    assert.deepEqual(scheduleStep(situation({ prompts: [ahead] })), piece);
    assert.deepEqual(scheduleStep(situation({ prompts: [ahead], decoding: 2 })), piece);
    const { costs } = amxTwoThreads;
    assert.deepEqual(scheduleStep(situation({ costs, prompts: [ahead], decoding: 2 })), { ...piece, tokens: 32 });
    assert.deepEqual(scheduleStep(situation({ prompts: [ahead], decoding: 2, hasRead: true })), { kind: "decode" });
  });

  it("takes a long prompt before shorter ones once it has waited three times what it takes to read", () => {
    const readMs = wideCosts.groupMs(400);
    const late = [prompt(0, 400, 3.1 * readMs), prompt(1, 30, 5)];
    const early = [prompt(0, 400, 2.9 * readMs), prompt(1, 30, 5)];
    assert.equal((scheduleStep(situation({ prompts: late })) as { slot: number }).slot, 0);
    assert.equal((scheduleStep(situation({ prompts: early })) as { slot: number }).slot, 1);
  });

  it("reads the prompts of owners in turn, whatever their length and however long they have waited", () => {
    const late = { ...prompt(0, 400, 1e6), ownerReadMs: 5000 };
    const quiet = { ...prompt(1, 900, 5), ownerReadMs: 3500 };
    const step = scheduleStep(situation({ prompts: [late, quiet, { ...prompt(2, 30), ownerReadMs: 5000 }] }));
    assert.equal((step as { slot: number }).slot, 1);
  });

  it("lets others' responses go on where an owner's prompts have used up their share, and reads those of others", () => {
    const used = { ...prompt(0, 30), besideOthersMs: 0 };
    assert.deepEqual(scheduleStep(situation({ decoding: 2, prompts: [used] })), { kind: "decode" });
    const other = { ...prompt(1, 30), besideOthersMs: 100, ownerReadMs: 9000 };
    assert.equal((scheduleStep(situation({ decoding: 2, prompts: [used, other] })) as { slot: number }).slot, 1);
    assert.equal(scheduleStep(situation({ decoding: 0, prompts: [used] })).kind, "read");
  });

  it("cuts a long prompt evenly, so that no small rest is left", () => {
    const step = scheduleStep(situation({ prompts: [prompt(0, 66)], longestPauseMs: 2000, decoding: 0 }));
    assert.deepEqual(step, { kind: "read", slot: 0, tokens: 48 }, "48 + 18, not 62 + 4");
  });

  it("reads a rest that would begin another tile of the kernels by a step of its own, where that is cheaper", () => {
    const { costs } = amxTwoThreads;
    const pieces = (decoding: number) =>
      [31, 32, 33, 36, 57, 64, 65, 67, 90].map((remaining) => {
        const step = scheduleStep(situation({ costs, decoding, prompts: [prompt(7, remaining)] }));
        return step.kind === "read" ? step.tokens : 0;
      });
    assert.deepEqual(pieces(0), [31, 32, 32, 32, 57, 64, 64, 64, 90]);
    assert.deepEqual(pieces(5), pieces(0));
    const long = scheduleStep(situation({ costs, decoding: 4, prompts: [prompt(7, 1000)] }));
    assert.deepEqual(long, { kind: "read", slot: 7, tokens: 256 });
  });

  it("lets running responses go on once prompts have used up their share of the time", () => {
    const prompts = [prompt(1, 30)];
    assert.equal(scheduleStep(situation({ decoding: 2, prompts, creditMs: 0 })).kind, "decode");
    assert.equal(scheduleStep(situation({ decoding: 0, prompts, creditMs: 0 })).kind, "read");
  });

  it("reads nothing more where the pause would get too long, and no piece that costs more a token than it has to", () => {
    const beside = { decoding: 4, prompts: [prompt(5, 1000)] };
    const first = scheduleStep(situation(beside));
    assert.deepEqual(first, { kind: "read", slot: 5, tokens: 48 });
    const paused = { ...beside, pausedMs: wideCosts.groupMs(48), hasRead: true };
    assert.deepEqual(scheduleStep(situation(paused)), { kind: "decode" });
  });

  it("completes a prompt where that makes the pause longer by a third at most", () => {
    const beside = { decoding: 4, hasRead: true };
    const pausedMs = 2000 - wideCosts.groupMs(4) - wideCosts.groupMs(16);
    const read = (remaining: number, later = 0) =>
      scheduleStep(situation({ ...beside, pausedMs: pausedMs + later, prompts: [prompt(5, remaining)] }));
    assert.deepEqual(read(16), { kind: "read", slot: 5, tokens: 16 });
    assert.deepEqual(read(16, 1), { kind: "decode" });
    assert.deepEqual(read(17), { kind: "decode" });
  });

  it("keeps every pause within the limit on each table, as long as a piece at full speed fits", () => {
    const cases = fc.record({
      costs: fc.constantFrom(q40Costs, q4kCosts, wideCosts, amxTwoThreads.costs),
      decoding: fc.integer({ min: 1, max: 16 }),
      slowness: fc.double({ min: 0.5, max: 2, noNaN: true }),
      pausedMs: fc.double({ min: 0, max: 1500, noNaN: true }),
      remaining: fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(cases, ({ costs, decoding, slowness, pausedMs, remaining }) => {
        const decodeMs = costs.groupMs(decoding);
        const prompts = remaining.map((tokens, slot) => prompt(slot, tokens));
        const both = { decode: slowness, prompt: slowness, attentionMs: 0 };
        const step = scheduleStep(
          situation({ costs, decoding, decodeMs, prompts, slowness: both, pausedMs, hasRead: true }),
        );
        if (step.kind !== "read") return;
        const ms = pausedMs + slowness * (costs.groupMs(step.tokens) + decodeMs);
        const mostMs = step.tokens === remaining[step.slot] ? 2000 : 1500;
        assert.ok(ms <= mostMs + 0.001, `${step.tokens} tokens after ${pausedMs} ms beside ${decoding}: ${ms} ms`);
      }),
    );
  });

  it("makes pieces smaller the deeper they are in a prompt, where attention takes its time", () => {
    const slowness = { ...quiet, attentionMs: 5000 };
    const pieces = [0, 1000, 3000].map((depth) => {
      const step = scheduleStep(situation({ decoding: 1, slowness, prompts: [{ ...prompt(1, 900), depth }] }));
      return step.kind === "read" ? step.tokens : 0;
    });
    assert.deepEqual(pieces, [48, 48, 32]);
  });

  it("continues prompts on a machine so slow that no piece fits: one after each token of the running responses", () => {
    const slow = { decoding: 8, prompts: [prompt(9, 500)], slowness: { decode: 6, prompt: 6, attentionMs: 0 } };
    assert.equal(scheduleStep(situation(slow)).kind, "read");
    assert.equal(scheduleStep(situation({ ...slow, hasRead: true })).kind, "decode");
  });

  it("always gives a piece of at least one token and at most what is left and one decode takes", () => {
    const cases = fc.record({
      costs: fc.constantFrom(undefined, q40Costs, q4kCosts, wideCosts, amxTwoThreads.costs),
      decoding: fc.integer({ min: 0, max: 16 }),
      hasRead: fc.boolean(),
      creditMs: fc.double({ min: -2000, max: 10_000, noNaN: true }),
      pausedMs: fc.double({ min: 0, max: 3000, noNaN: true }),
      remaining: fc.integer({ min: 1, max: 5000 }),
      batchTokens: fc.constantFrom(32, 512),
    });
    fc.assert(
      fc.property(cases, ({ remaining, decoding, ...more }) => {
        const decodeMs = more.costs?.groupMs(decoding) ?? 0;
        const step = scheduleStep(situation({ ...more, decoding, decodeMs, prompts: [prompt(0, remaining)] }));
        if (step.kind !== "read") assert.ok(decoding > 0, "a step without work");
        else assert.ok(step.tokens >= 1 && step.tokens <= Math.min(remaining, more.batchTokens));
      }),
    );
  });
});
