import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { GREEDY } from "../generation-contract.ts";
import { type Generated, generateTokens } from "../test-support/generate-tokens.ts";
import { assertSameText } from "../test-support/same-text.ts";
import { q40Costs, q4kCosts } from "../test-support/step-costs.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { createStepCosts } from "@drover/contract/step-costs";
import { SlotPool } from "./slot-pool.ts";

const SLOTS = 8;
const CONTEXT_TOKENS = 512;

/** Reproducible: the same prompts and schedules on each run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

function prompt(length: number, seed = 1): number[] {
  const next = random(seed);
  return Array.from({ length }, () => next(400));
}

/** A response that wanders among two tokens, and so repeats itself. */
async function askRepeating(pool: SlotPool, index: number): Promise<readonly number[]> {
  const phrase = prompt(2, index + 1);
  const logitBias = new Map(phrase.map((token) => [token, 20]));
  const sampling = { ...GREEDY, logitBias, temperature: index % 3 === 2 ? 0.5 : 0, topK: 8, seed: index };
  return (await generateTokens(pool, [...phrase, ...phrase, ...phrase], 60 + index, { sampling, cachePrompt: false }))
    .tokens;
}

describe("the slot pool", () => {
  let engine: Engine;
  before(async () => {
    engine = await openTinyEngine({ slots: SLOTS, contextTokens: CONTEXT_TOKENS });
  });
  after(() => engine.dispose());
  beforeEach(() => {
    for (let sequence = 0; sequence < SLOTS; sequence++) engine.cut(sequence, 0);
  });
  const open = (costs = undefined as typeof q40Costs | undefined, speculate: "off" | "lookup" = "off") =>
    new SlotPool({ engine, clock: systemClock, costs, settings: completeSettings({ speculate }) });

  it("lets a request that comes while a sequence is moved take part in the very next step", async () => {
    const events: string[] = [];
    const ended: Promise<void>[] = [];
    // Two apart cost nearly twice what two neighbours do, and no padding helps.
    const costs = createStepCosts(
      [1, 2, 3, 4, 8].map((tokens) => ({ tokens, ms: tokens < 3 ? 90 + 10 * tokens : 300 * tokens })),
    );
    const ask = (maxTokens: number, onStart: () => void) =>
      ended.push(
        new Promise((resolve) => {
          const request = { prompt: prompt(4), maxTokens, sampling: GREEDY, cachePrompt: false, ignoreEndOfText: true };
          pool.generate(request, { onStart, onToken: () => "go-on", onEnd: () => resolve() });
        }),
      );
    const overrides = {
      decode: (parts: Parameters<Engine["decode"]>[0]) => {
        events.push("step");
        return engine.decode(parts);
      },
      exchange: async (a: number, b: number) => {
        const isDone = await engine.exchange(a, b);
        events.push("moved");
        ask(2, () => events.push("begun"));
        return isDone;
      },
    };
    const watched = new Proxy(engine, {
      get(target, name) {
        if (name in overrides) return overrides[name as keyof typeof overrides];
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const pool = new SlotPool({ engine: watched, clock: systemClock, costs, settings: completeSettings() });
    for (const maxTokens of [60, 2, 2, 60]) ask(maxTokens, () => {});
    await pool.whenIdle();
    await Promise.all(ended);
    assert.deepEqual(events.slice(events.indexOf("moved")).slice(0, 3), ["moved", "begun", "step"]);
  });

  it("generates the tokens of one plain sequence through slots, prefixes, padding, cutting, moving and chunks, for 200 random prompts", async () => {
    const next = random(7);
    const prompts: number[][] = [];
    for (let index = 0; index < 200; index++) {
      const parent = prompts[index - 1 - next(10)];
      const kept = parent !== undefined && next(3) > 0 ? parent.slice(0, 1 + next(300)) : [];
      prompts.push([...kept, ...Array.from({ length: 1 + next(120) }, () => next(400))].slice(0, 440));
    }
    const plain = open();
    const expected: Generated[] = [];
    for (const each of prompts)
      expected.push(await generateTokens(plain, each, 24, { cachePrompt: false, topLogprobs: 2 }));
    for (const costs of [undefined, q40Costs, q4kCosts]) {
      const pool = open(costs);
      const waiting = [...prompts.keys()];
      let cachedTokens = 0;
      const tokens = { wanted: 0, same: 0 };
      const user = async () => {
        while (waiting.length > 0) {
          const [index] = waiting.splice(next(Math.min(8, waiting.length)), 1) as [number];
          const wanted = 1 + next(24);
          const result = await generateTokens(pool, prompts[index] as number[], wanted);
          assert.equal(result.tokens.length, wanted);
          tokens.wanted += wanted;
          tokens.same += assertSameText(result.tokens, expected[index] as Generated, `prompt ${index}`);
          cachedTokens += result.cachedTokens;
        }
      };
      await Promise.all(Array.from({ length: 11 }, user));
      assert.ok(cachedTokens > 1000, `only ${cachedTokens} tokens came from kept prefixes`);
      assert.ok(tokens.same > 0.9 * tokens.wanted, `${tokens.same} of ${tokens.wanted} tokens are the same`);
      for (let sequence = 0; sequence < SLOTS; sequence++) engine.cut(sequence, 0);
    }
  });

  it("gives out the lowest free slot, and queues first in, first out when all are busy", async () => {
    const pool = open();
    const order: number[] = [];
    const results = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const result = await generateTokens(pool, prompt(5, index + 1), 4 + index);
        order.push(index);
        return result.slot;
      }),
    );
    assert.deepEqual(results.slice(0, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(results.slice(8).toSorted(), [0, 1, 2, 3]);
    assert.deepEqual(order.slice(0, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("goes on from the slot that holds the longest common prefix", async () => {
    const pool = open();
    const first = await generateTokens(pool, prompt(100), 10);
    assert.equal(first.cachedTokens, 0);
    const turn = [...prompt(100), ...first.tokens, 1, 2, 3];
    const second = await generateTokens(pool, turn, 10);
    assert.equal(second.slot, first.slot);
    assert.equal(second.cachedTokens, 109, "the last token of a response was never evaluated");
  });

  it("copies a long common prefix from a slot that is busy", async () => {
    const pool = open();
    let second: Promise<{ readonly cachedTokens: number; readonly tokens: readonly number[] }> | undefined;
    const suffix = [7, 8, 9];
    await generateTokens(pool, prompt(100), 30, {
      onToken: () => {
        second ??= generateTokens(pool, [...prompt(100), ...suffix], 10);
        return "go-on";
      },
    });
    const copied = await second;
    assert.equal(copied?.cachedTokens, 100);
    const alone = await generateTokens(pool, [...prompt(100), ...suffix], 10, { cachePrompt: false });
    assert.deepEqual(copied?.tokens, alone.tokens);
  });

  it("reads a beginning that several requests share only once, though they come at the same time", async () => {
    const pool = open(q40Costs);
    const prompts = [1, 2, 3, 4].map((last) => [...prompt(200), last, last]);
    const results = await Promise.all(prompts.map((each) => generateTokens(pool, each, 10)));
    assert.deepEqual(
      results.map(({ cachedTokens }) => cachedTokens),
      [0, 200, 200, 200],
    );
    for (const [index, each] of prompts.entries()) {
      const alone = await generateTokens(pool, each, 10, { cachePrompt: false });
      assert.deepEqual(results[index]?.tokens, alone.tokens);
    }
  });

  it("keeps nothing of a request that does not want it, and gives it nothing kept", async () => {
    const pool = open();
    await generateTokens(pool, prompt(100), 5, { cachePrompt: false });
    assert.equal((await generateTokens(pool, prompt(100), 5)).cachedTokens, 0);
    assert.equal((await generateTokens(pool, prompt(100), 5, { cachePrompt: false })).cachedTokens, 0);
  });

  it("frees the slot of a cancelled request before its next step", async () => {
    const pool = open();
    let stepsThen = 0;
    const result = await generateTokens(pool, prompt(10), 400, {
      onToken: (_, handle) => {
        stepsThen = pool.steps;
        handle.cancel();
        return "go-on";
      },
    });
    assert.equal(result.reason, "cancelled");
    assert.equal(result.tokens.length, 1);
    assert.equal(pool.steps, stepsThen);
    assert.deepEqual(pool.counts(), { idle: SLOTS, processing: 0, queued: 0 });
  });

  it("cancels requests in prefill and in the queue, and serves those behind them", async () => {
    const pool = open();
    const rest = { maxTokens: 3, sampling: GREEDY, cachePrompt: true, ignoreEndOfText: true };
    const handles = Array.from(
      { length: 30 },
      (_, index) =>
        new Promise<string>((resolve) => {
          const onEnd = ({ reason }: { readonly reason: string }) => resolve(reason);
          const request = { prompt: prompt(300, index + 1), ...rest };
          const handle = pool.generate(request, { onToken: () => "go-on", onEnd });
          if (index % 3 > 0) setImmediate(() => handle.cancel());
        }),
    );
    const reasons = await Promise.all(handles);
    assert.equal(reasons.filter((reason) => reason === "length").length, 10);
    assert.equal(reasons.filter((reason) => reason === "cancelled").length, 20);
    assert.deepEqual(pool.counts(), { idle: SLOTS, processing: 0, queued: 0 });
  });

  it("serves a request that comes at the very end of the one before", async () => {
    const pool = open();
    for (let round = 0; round < 50; round++) {
      assert.equal((await generateTokens(pool, prompt(3), 2)).reason, "length");
    }
  });

  it("gives the same tokens for the same seed, whatever the slot and its neighbours", async () => {
    const pool = open(q40Costs);
    const sampling = { ...GREEDY, temperature: 1, topK: 40, topP: 0.95, minP: 0.05, seed: 11 };
    const alone = await generateTokens(pool, prompt(20), 30, { sampling });
    const among = await Promise.all(
      Array.from({ length: 7 }, (_, index) =>
        generateTokens(pool, prompt(20, index < 4 ? 1 : index), 30, {
          sampling: { ...sampling, seed: index < 4 ? 11 : index },
        }),
      ),
    );
    for (const each of among.slice(0, 4)) assert.deepEqual(each.tokens, alone.tokens);
    assert.notDeepEqual(among[4]?.tokens, alone.tokens);
    // llama.cpp takes this one for "any".
    const largest = { sampling: { ...sampling, seed: 0xffff_ffff } };
    const [one, other] = [
      await generateTokens(pool, prompt(20), 30, largest),
      await generateTokens(pool, prompt(20), 30, largest),
    ];
    assert.deepEqual(one.tokens, other.tokens);
  });

  it("generates nothing where a bias bans every token", async () => {
    const logitBias = new Map(Array.from({ length: engine.model.vocabularySize }, (_, token) => [token, -Infinity]));
    const pool = open();
    for (const temperature of [0, 1]) {
      const { tokens, reason } = await generateTokens(pool, prompt(3), 5, {
        sampling: { ...GREEDY, temperature, logitBias },
      });
      assert.deepEqual([tokens, reason], [[], "length"]);
    }
  });

  it("ends with the slot's context, exactly full", async () => {
    const pool = open();
    const result = await generateTokens(pool, prompt(CONTEXT_TOKENS - 1), 50);
    assert.equal(result.reason, "length");
    assert.equal(result.tokens.length, 1);
  });

  it("refuses a prompt that would fail the step for everyone: too long, empty, or with tokens that are none", () => {
    const pool = open();
    const rest = { maxTokens: 1, sampling: GREEDY, cachePrompt: true, ignoreEndOfText: true };
    for (const wrong of [prompt(CONTEXT_TOKENS), [], [1, engine.model.vocabularySize], [-1], [1.5]]) {
      const ask = () => pool.generate({ prompt: wrong, ...rest }, { onToken: () => "go-on", onEnd: () => {} });
      assert.throws(ask, RangeError);
    }
  });

  it("reports log-probabilities before the samplers, that sum to one over all tokens", async () => {
    const pool = open();
    const topLogprobs = engine.model.vocabularySize;
    const { details } = await generateTokens(pool, prompt(5), 2, {
      topLogprobs,
      sampling: { ...GREEDY, temperature: 2, topK: 2 },
    });
    for (const { token, logprob, topLogprobs: all = [] } of details) {
      assert.ok(Math.abs(all.reduce((sum, each) => sum + Math.exp(each.logprob), 0) - 1) < 1e-3);
      assert.equal(logprob, all.find((each) => each.token === token)?.logprob);
      assert.ok(all.slice(0, 2).some((each) => each.token === token));
    }
  });

  it("fails one request for its bad grammar, and serves the others", async () => {
    const pool = open();
    const [bad, good] = await Promise.all([
      generateTokens(pool, prompt(5), 5, { grammar: { gbnf: "root := {" } }),
      generateTokens(pool, prompt(5), 5),
    ]);
    assert.equal(bad.reason, "failed");
    assert.equal(good.reason, "length");
  });

  it("bans and forces tokens by their bias, and lowers the odds of repeated ones", async () => {
    const pool = open();
    const forced = await generateTokens(pool, prompt(5), 4, {
      sampling: { ...GREEDY, logitBias: new Map([[42, 1000]]) },
    });
    assert.deepEqual(forced.tokens, [42, 42, 42, 42]);
    const sampling = { ...GREEDY, logitBias: new Map([[42, 20]]), presencePenalty: 30 };
    const penalized = await generateTokens(pool, prompt(5), 4, { sampling });
    assert.equal(penalized.tokens.filter((token) => token === 42).length, 1);
  });

  it("generates the same tokens with guesses that are verified, and most guesses of a repeating text hold", async () => {
    const plain = open(q40Costs);
    const guessing = open(q40Costs, "lookup");
    for (let index = 0; index < 12; index++) {
      const expected = await askRepeating(plain, index);
      assert.deepEqual(await askRepeating(guessing, index), expected);
    }
    const { tried, held } = guessing.facts()["drafts"] as { readonly tried: number; readonly held: number };
    assert.ok(tried > 50 && held > tried / 3, `${held} of ${tried}`);
    assert.ok(guessing.steps < plain.steps);
    const [alone, ...others] = await Promise.all(
      [1, 1, 2, 3].map((seed) => generateTokens(guessing, prompt(40, seed), 40)),
    );
    assert.deepEqual(others[0]?.tokens, alone?.tokens);
  });

  it("serves a model whose state can't be cut as exactly, going on only from what is a prefix as a whole", async () => {
    // What llama.cpp says for a recurrent model: all of a sequence can be forgotten, no part of it.
    const whole: Engine = {
      ...engine,
      model: { ...engine.model, canCutState: false },
      cut: (sequence, from) => from === 0 && engine.cut(sequence, 0),
    };
    const pool = new SlotPool({
      engine: whole,
      clock: systemClock,
      costs: q40Costs,
      settings: completeSettings({ speculate: "lookup" }),
    });
    const first = await generateTokens(pool, prompt(60), 10);
    const goesOn = [...prompt(60), ...first.tokens, 5, 6];
    assert.equal((await generateTokens(pool, goesOn, 10)).cachedTokens, 69);
    const branches = [...prompt(50), 5, 6];
    const [branched, ...others] = await Promise.all(
      [branches, goesOn, prompt(30, 2), prompt(31, 3), prompt(32, 4)].map((each) => generateTokens(pool, each, 12)),
    );
    assert.equal(branched?.cachedTokens, 0);
    const again = await generateTokens(pool, goesOn, 12, { cachePrompt: false });
    assert.deepEqual(others[0]?.tokens, again.tokens);
    assert.deepEqual(branched?.tokens, (await generateTokens(pool, branches, 12, { cachePrompt: false })).tokens);
  });
});
