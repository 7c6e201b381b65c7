import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { type GenerationRequest, type GenerationSink, GREEDY } from "../generation-contract.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { type Generated, generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { ResponseJournal } from "./response-journal.ts";
import { JournaledGenerator } from "./journaled-generator.ts";

const prompt = Array.from({ length: 40 }, (_, index) => (index * 37 + ((index * index) % 89)) % 400);
const tokens = 48;
const digits = { grammar: { gbnf: 'root ::= [a-z] "=" [0-9]+ ("," [0-9]+)*' }, ignoreEndOfText: false };

describe("a response that is written down", () => {
  let engine: Engine;
  let pool: SlotPool;
  let directory: string;
  before(async () => {
    engine = await openTinyEngine({ slots: 2, contextTokens: 256 });
    pool = new SlotPool({ engine, clock: systemClock, costs: undefined, settings: completeSettings() });
  });
  after(() => engine.dispose());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "drover-journal-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const troubles: string[] = [];
  const open = (identity = 1) =>
    new ResponseJournal({ directory, identity, onTrouble: (message) => troubles.push(message) }, "key", 1000);

  /** As one worker after another has it. */
  function worker(identity?: number) {
    const journal = open(identity);
    const given: string[] = [];
    const on = { journaled: () => given.push("journaled"), givenUp: () => given.push("given up") };
    return { journal, given, generator: new JournaledGenerator(pool, journal, on) };
  }

  /** The worker is killed with its token of this number; nobody is left to take the journal away. */
  const dieAfter = (count: number, request: Partial<GenerationRequest>) => {
    let left = count;
    return generateTokens(worker().generator, prompt, tokens, {
      ...request,
      onToken: (_token, handle) => {
        left -= 1;
        if (left <= 0) handle.cancel();
        return "go-on";
      },
    });
  };

  for (const [name, request] of Object.entries({ plain: {}, "of a grammar": digits })) {
    it(`continues with the very tokens that it would have had, ${name}`, async () => {
      const alone = await generateTokens(pool, prompt, tokens, request);
      for (const count of [1, 2, 7, 20, tokens - 1]) {
        await dieAfter(count, request);
        const successor = worker();
        assert.ok(successor.journal.isTakenOver);
        assert.ok(successor.journal.recorded.length >= Math.min(count, alone.tokens.length));
        assert.deepEqual(same(await generateTokens(successor.generator, prompt, tokens, request)), same(alone));
        successor.journal.remove();
        assert.deepEqual(readdirSync(directory), []);
      }
    });
  }

  it("keeps its end: a stop, the length, and the end of the text come where they came", async () => {
    // Each worker dies right behind the end, before its client has it.
    await generateTokens(worker().generator, prompt, tokens, stopAt(5));
    const stopped = await generateTokens(worker().generator, prompt, tokens, stopAt(5));
    assert.deepEqual([stopped.tokens.length, stopped.reason], [5, "stopped"]);
    const full = await generateTokens(worker(2).generator, prompt, 9);
    const again = await generateTokens(worker(2).generator, prompt, 9);
    assert.deepEqual(same(again), same(full));
    assert.equal(again.reason, "length");
    const ending = { grammar: { gbnf: 'root ::= "ab"' }, ignoreEndOfText: false };
    const ended = await generateTokens(worker(3).generator, prompt, tokens, ending);
    assert.deepEqual(same(await generateTokens(worker(3).generator, prompt, tokens, ending)), same(ended));
    assert.equal(ended.reason, "end-of-text");
  });

  it("draws other random numbers for its rest than for its beginning, and the same for the same rest", async () => {
    const sampling = { ...GREEDY, temperature: 2, seed: 5 };
    await dieAfter(10, { sampling });
    const beginning = open().recorded;
    const seen: GenerationRequest[] = [];
    const spy = { contextTokens: 256, generate: (request: GenerationRequest) => (seen.push(request), { cancel() {} }) };
    const resumed = new JournaledGenerator(spy, open(), { journaled: () => 0, givenUp: () => 0 });
    resumed.generate({ prompt, maxTokens: tokens, sampling, cachePrompt: true, ignoreEndOfText: true }, sinkless);
    await Promise.resolve();
    assert.deepEqual(seen[0]?.prompt, [...prompt, ...beginning]);
    assert.equal(seen[0]?.resumedTokens, beginning.length);
    assert.equal(seen[0]?.maxTokens, tokens - beginning.length);
    assert.notEqual(seen[0]?.sampling.seed, sampling.seed);
  });

  it("says what the first worker said of the cache and the time", async () => {
    const first = new ResponseJournal({ directory, identity: 1, onTrouble: assert.fail }, "key", 1000);
    first.start();
    first.begin(12);
    first.append(7);
    const second = new ResponseJournal({ directory, identity: 1, onTrouble: assert.fail }, "key", 2000);
    assert.deepEqual([second.createdSeconds, second.cachedTokens, second.recorded], [1000, 12, [7]]);
    second.start();
    // The first one is not quite dead yet.
    first.append(8);
    second.append(9);
    assert.deepEqual(open().recorded, [7, 9]);
  });

  it("is not taken over from another model, nor with a word that was half written", () => {
    const first = open(1);
    first.start();
    first.append(7);
    first.append(8);
    assert.equal(open(2).isTakenOver, false);
    assert.deepEqual(open(2).recorded, []);
    const [name = ""] = readdirSync(directory);
    truncateSync(join(directory, name), 4 * 5 - 1);
    assert.deepEqual(open(1).recorded, [7]);
    writeFileSync(join(directory, name), "");
    assert.equal(open(1).isTakenOver, false);
  });

  it("is not written down side by side with another of its request, nor with log-probabilities", async () => {
    const two = worker();
    const both = [1, 2].map(() => generateTokens(two.generator, prompt, 9));
    assert.deepEqual(two.given, ["journaled", "given up"]);
    for (const { reason } of await Promise.all(both)) assert.equal(reason, "length");
    const detailed = worker();
    assert.ok((await generateTokens(detailed.generator, prompt, 9, { topLogprobs: 1 })).details[0]?.logprob);
    assert.deepEqual(detailed.given, ["given up"]);
    assert.deepEqual(readdirSync(directory), []);
  });

  it("continues without a journal where the disk takes none", async () => {
    troubles.length = 0;
    rmSync(directory, { recursive: true });
    const alone = await generateTokens(pool, prompt, tokens);
    assert.deepEqual(same(await generateTokens(worker().generator, prompt, tokens)), same(alone));
    assert.equal(troubles.length, 1);
    directory = mkdtempSync(join(tmpdir(), "drover-journal-"));
  });
});

const sinkless: GenerationSink = { onToken: () => "go-on", onEnd: () => undefined };

const same = ({ tokens: made, reason }: Generated) => ({ made, reason });

function stopAt(number: number) {
  let left = number;
  return { onToken: () => ((left -= 1) === 0 ? ("stop" as const) : ("go-on" as const)) };
}
