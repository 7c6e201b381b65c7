import { completeSettings } from "../../worker-options.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { type GgufFile, syntheticFile, writeGguf } from "@drover/models";
import { ApartSampling } from "./apart-sampling.ts";
import { type ApartGrammar, ApartGrammars } from "../../engine/apart-grammars.ts";
import type { Engine } from "../../engine/engine.ts";
import { WorkerError } from "../../errors.ts";
import { type GenerationRequest, type Sampling, GREEDY } from "../../generation-contract.ts";
import { generateTokens } from "../../test-support/generate-tokens.ts";
import { openTinyEngine } from "../../test-support/tiny-engine.ts";
import { tinyMamba } from "../../test-support/tiny-models.ts";
import { SlotPool } from "../../slots/slot-pool.ts";

const LIST = 'root ::= "[" item ("," item)* "]"\nitem ::= [0-9]{1,3} | "\\"" [a-z ]* "\\"" | root';
const drawn = { ...GREEDY, temperature: 1.2, topK: 40, topP: 0.95, minP: 0.02 };

const SAMPLINGS: Readonly<Record<string, Omit<Sampling, "seed">>> = {
  "the most likely": GREEDY,
  "drawn from few": drawn,
  "drawn from all": { ...GREEDY, temperature: 1 },
  "drawn with penalties": { ...drawn, repeatPenalty: 1.3, frequencyPenalty: 0.4, presencePenalty: 0.2 },
  "drawn with a bias, an end not too soon, and without the top choices": {
    ...drawn,
    logitBias: new Map([
      [40, -Infinity],
      [41, 3],
    ]),
    minTokens: 20,
    xtc: { probability: 0.5, threshold: 0.05 },
  },
};

/** As the tests want it: it holds to nothing, and says so when it is told to. */
class ToldGrammar implements ApartGrammar {
  readonly asked: { token: number; resolve: (isAllowed: boolean) => void; fail: (error: Error) => void }[] = [];
  isClosed = false;

  takeIfAllowed(token: number): Promise<boolean> {
    return new Promise((resolve, fail) => this.asked.push({ token, resolve, fail }));
  }
  take = () => Promise.resolve();
  allowed = () => Promise.resolve(new Uint8Array(0));
  close(): void {
    this.isClosed = true;
  }
}

/** No step waits for a process here. */
const impatientClock: Clock = {
  ...systemClock,
  after: (ms, action) => {
    if (ms > 1000) return systemClock.after(ms, action);
    const turn = setImmediate(action);
    return () => clearImmediate(turn);
  },
};

describe("Slots whose grammar is sampled apart", () => {
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });

  async function open(model: GgufFile = syntheticFile("tiny", "f16"), clock: Clock = systemClock) {
    const directory = await mkdtemp(join(tmpdir(), "drover-apart-"));
    closers.push(() => rm(directory, { recursive: true }));
    const modelPath = join(directory, "model.gguf");
    await writeGguf(modelPath, model);
    const engine = await openTinyEngine({ slots: 3, contextTokens: 256, model });
    closers.push(() => engine.dispose());
    const grammars = new ApartGrammars(modelPath, systemClock);
    closers.push(() => grammars.dispose());
    return { engine, apart: apartOf(engine, grammars, clock) };
  }

  it("have the tokens that llama.cpp chooses under the grammar, whatever the sampling", async () => {
    const { engine, apart } = await open();
    const [direct, other] = [poolOf(engine), poolOf(engine, apart)];
    for (const sampling of Object.values(SAMPLINGS)) {
      await assertSameTokens(direct, other, {
        grammar: { gbnf: LIST, isForeign: true },
        sampling: { ...sampling, seed: 0 },
      });
    }
  });

  it("have them where nobody waits for the process, and each token is decided later", async () => {
    const { engine, apart } = await open(undefined, impatientClock);
    const [direct, other] = [poolOf(engine), poolOf(engine, apart)];
    const sampling = { ...drawn, seed: 0 };
    await assertSameTokens(direct, other, { grammar: { gbnf: LIST, isForeign: true }, sampling, topLogprobs: 1 });
  });

  it("have them where the model's state can't be cut", async () => {
    const { engine, apart } = await open(tinyMamba());
    const [direct, other] = [poolOf(engine), poolOf(engine, apart)];
    await assertSameTokens(direct, other, {
      grammar: { gbnf: LIST, isForeign: true },
      sampling: { ...drawn, seed: 0 },
    });
  });

  it("are those whose grammar has many alternatives for a large vocabulary, and those that took long for a token", async () => {
    const { engine, apart } = await open();
    const opened: (readonly number[])[] = [];
    const spied = apartOf(
      engine,
      { open: (...[, taken = []]: [string?, (readonly number[])?]) => (opened.push(taken), new ToldGrammar()) },
      systemClock,
    );
    const request = { prompt: [7], maxTokens: 1, sampling: GREEDY, cachePrompt: false, ignoreEndOfText: false };
    const large = new ApartSampling({
      grammars: { open: () => new ToldGrammar() },
      clock: systemClock,
      vocabularySize: 152_000,
      canCutState: true,
      slots: 2,
    });
    assert.equal(large.begin(request), undefined);
    assert.equal(large.begin({ ...request, grammar: { gbnf: LIST, openChoices: 9 } }), undefined);
    assert.notEqual(large.begin({ ...request, grammar: { gbnf: LIST, openChoices: 90 } }), undefined);
    assert.equal(spied.begin({ ...request, grammar: { gbnf: LIST, openChoices: 90 } }), undefined);
    assert.deepEqual(opened, []);
    let nowMs = 0;
    const slowClock = { ...systemClock, monotonicMs: () => (nowMs += 200) };
    const sampling = { ...drawn, seed: 0 };
    await assertSameTokens(poolOf(engine), poolOf(engine, apart, slowClock), {
      grammar: { gbnf: LIST, openChoices: 3 },
      sampling,
    });
  });

  it("hold nobody: others generate to their end, and new ones come, while a token is not decided", async () => {
    const { engine } = await open();
    const grammar = new ToldGrammar();
    const pool = poolOf(engine, apartOf(engine, { open: () => grammar }, impatientClock));
    const held = generateTokens(pool, [7], 2, { grammar: { gbnf: LIST, isForeign: true } });
    const beside = await generateTokens(pool, [8, 9], 30);
    assert.equal(beside.tokens.length, 30);
    assert.equal(grammar.asked.length, 1);
    // All that run are held now, and a request comes.
    assert.equal((await generateTokens(pool, [8, 9, 10], 30)).tokens.length, 30);
    grammar.asked[0]?.resolve(true);
    while (grammar.asked.length < 2) await turn();
    grammar.asked[1]?.resolve(true);
    const { tokens } = await held;
    assert.deepEqual(
      tokens,
      grammar.asked.map(({ token }) => token),
    );
    assert.equal(grammar.isClosed, true);
    await pool.whenIdle();
  });

  it("are free when their client leaves, and end with the grammar's error", async () => {
    const { engine } = await open();
    const opened: ToldGrammar[] = [];
    const open1 = () => opened[opened.push(new ToldGrammar()) - 1] as ToldGrammar;
    const pool = poolOf(engine, apartOf(engine, { open: open1 }, impatientClock));
    const ended = new Promise((resolve) => {
      const handle = pool.generate(
        {
          prompt: [7],
          maxTokens: 5,
          sampling: GREEDY,
          cachePrompt: false,
          ignoreEndOfText: true,
          grammar: { gbnf: LIST, isForeign: true },
        },
        { onToken: () => "go-on", onEnd: ({ reason }) => resolve(reason) },
      );
      void (async () => {
        while ((opened[0]?.asked.length ?? 0) === 0) await turn();
        for (let turns = 0; turns < 5; turns++) await turn();
        handle.cancel();
      })();
    });
    assert.equal(await ended, "cancelled");
    assert.equal(opened[0]?.isClosed, true);
    const failing = generateTokens(pool, [7], 5, { grammar: { gbnf: LIST, isForeign: true } });
    while ((opened[1]?.asked.length ?? 0) === 0) await turn();
    opened[1]?.asked[0]?.fail(new WorkerError("grammar_too_slow", "slow"));
    const { reason, error } = await failing;
    assert.deepEqual([reason, (error as WorkerError).code], ["failed", "grammar_too_slow"]);
    await pool.whenIdle();
  });
});

function apartOf(engine: Engine, grammars: { open(): ApartGrammar } | ApartGrammars, clock: Clock): ApartSampling {
  return new ApartSampling({ grammars, clock, slots: engine.sequences, ...engine.model });
}

function poolOf(engine: Engine, apart?: ApartSampling, clock: Clock = systemClock): SlotPool {
  return new SlotPool({
    engine,
    clock,
    costs: undefined,
    settings: completeSettings(),
    ...(apart && { apart }),
  });
}

async function assertSameTokens(direct: SlotPool, other: SlotPool, more: Partial<GenerationRequest>): Promise<void> {
  for (let seed = 1; seed <= 3; seed++) {
    const sampling = { ...(more.sampling ?? GREEDY), seed };
    const asked = { ...more, sampling, cachePrompt: false, ignoreEndOfText: false };
    const expected = await generateTokens(direct, [7], 40, asked);
    const { tokens, reason } = await generateTokens(other, [7], 40, asked);
    assert.deepEqual({ tokens, reason }, { tokens: expected.tokens, reason: expected.reason });
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
