import { completeSettings } from "../../worker-options.ts";
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import type { Clock } from "@drover/foundation/clock";
import { ApartSampling } from "./apart-sampling.ts";
import type { ApartGrammar } from "../../engine/apart-grammars.ts";
import type { Engine } from "../../engine/engine.ts";
import { TooManySlowGrammars, type WorkerError } from "../../errors.ts";
import { generateTokens } from "../../test-support/generate-tokens.ts";
import { openTinyEngine } from "../../test-support/tiny-engine.ts";
import { SlotPool } from "../../slots/slot-pool.ts";

const SLOTS = 4;

/** A step waits so long for a token, at most: here one turn of the event loop. */
const STEP_PATIENCE_MS = 20;

/** Stands still until a test moves it. */
class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly action: () => void }>();

  monotonicMs = () => this.#nowMs;
  epochMs = () => this.#nowMs;
  every = () => () => undefined;

  after(delayMs: number, action: () => void): () => void {
    if (delayMs <= STEP_PATIENCE_MS) {
      const soon = setImmediate(action);
      return () => clearImmediate(soon);
    }
    const timer = { dueMs: this.#nowMs + delayMs, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.dueMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.action();
    }
  }
}

/** Takes as long for a token as the test does. */
class SlowGrammar implements ApartGrammar {
  #allow: (() => void) | undefined;
  takeIfAllowed(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#allow = () => resolve(true);
    });
  }
  take = () => Promise.resolve();
  allowed = () => Promise.resolve(new Uint8Array(0));
  close = () => undefined;

  allow(): void {
    this.#allow?.();
    this.#allow = undefined;
  }
}

describe("Responses that wait for slow grammars", () => {
  let engine: Engine;
  before(async () => {
    engine = await openTinyEngine({ slots: SLOTS, contextTokens: 128 });
  });
  after(() => engine.dispose());

  function open() {
    const clock = new HandClock();
    const opened: SlowGrammar[] = [];
    const grammars = { open: () => opened[opened.push(new SlowGrammar()) - 1] as SlowGrammar };
    const apart = new ApartSampling({ grammars, clock, slots: SLOTS, ...engine.model });
    const parts = { engine, clock, costs: undefined, settings: completeSettings(), apart };
    const pool = new SlotPool(parts);
    const ask = (tokens: number, owner?: string) =>
      // Nothing of it is left in the engine for the next test's pool, which would not know of it.
      generateTokens(pool, [7], tokens, {
        grammar: { gbnf: "root ::= [a-z]*", isForeign: true },
        cachePrompt: false,
        ...(owner !== undefined && { owner: { id: owner, shares: "all" } }),
      });
    /** So many timers run: a response that waits has two, and one where it is slow. */
    const timers = async (count: number) => {
      do await turn();
      while (clock.timers < count);
    };
    return { clock, opened, pool, ask, timers };
  }

  it("hold half of the slots at most, so that others always get one", async () => {
    const { clock, opened, pool, ask, timers } = open();
    const slow = Array.from({ length: 10 }, () => ask(9));
    const ends = slow.map(async (response) => codeOf((await response).error));
    await timers(2 * SLOTS);
    const chat = generateTokens(pool, [8, 9], 5, { cachePrompt: false });
    for (let begun = SLOTS; begun < 10; begun += 2) {
      clock.pass(5_000);
      await timers(2 + 2 * 2);
    }
    clock.pass(5_000);
    assert.equal((await chat).tokens.length, 5);
    assert.equal(opened.length, 10);
    clock.pass(30_000);
    const refused = (await Promise.all(ends)).toSorted();
    assert.deepEqual(refused, [
      ...Array.from({ length: 2 }, () => "grammar_too_slow"),
      ...Array.from({ length: 8 }, () => "too_many_slow_grammars"),
    ]);
    await pool.whenIdle();
    assert.equal(clock.timers, 0);
  });

  it("are divided between owners: one that has two fewer has room made, and who is sent away is told for how long", async () => {
    const { clock, pool, ask, timers } = open();
    const greedy = Array.from({ length: 3 }, () => ask(9, "greedy"));
    await timers(2 * 3);
    clock.pass(5_000);
    // Two are slow, and the third was refused.
    await timers(2);
    clock.pass(4_000);
    const modest = ask(9, "modest");
    await timers(2 + 2);
    clock.pass(5_000);
    await timers(2);
    clock.pass(60_000);
    const errors = await Promise.all(greedy.map(async (each) => (await each).error));
    assert.deepEqual(errors.map(codeOf).toSorted(), [
      "grammar_too_slow",
      "too_many_slow_grammars",
      "too_many_slow_grammars",
    ]);
    assert.equal(codeOf((await modest).error), "grammar_too_slow");
    const waits = errors.flatMap((error) => (error instanceof TooManySlowGrammars ? [error.retryAfterMs] : []));
    assert.deepEqual(
      waits.toSorted((a, b) => b - a),
      [25_000, 16_000],
    );
    await pool.whenIdle();
  });

  it("end after 30 s and a second for each of their tokens, whatever CPU time the grammar's process had", async () => {
    const { clock, opened, pool, ask, timers } = open();
    const response = ask(99);
    for (let token = 0; token < 20; token++) {
      await timers(1);
      clock.pass(2_000);
      opened[0]?.allow();
    }
    await timers(1);
    clock.pass(9_000);
    await turn();
    assert.equal(pool.counts().processing, 1);
    clock.pass(1_000);
    const { tokens, error } = await response;
    assert.deepEqual([tokens.length, codeOf(error)], [20, "grammar_too_slow"]);
    await pool.whenIdle();
  });

  it("go on as long as they have a token a second", async () => {
    const { clock, opened, pool, ask, timers } = open();
    const response = ask(80);
    for (let token = 0; token < 80; token++) {
      await timers(1);
      clock.pass(1_000);
      opened[0]?.allow();
    }
    assert.equal((await response).tokens.length, 80);
    await pool.whenIdle();
    assert.equal(clock.timers, 0);
  });
});

function codeOf(error: Error | undefined): string | undefined {
  return (error as WorkerError | undefined)?.code;
}
