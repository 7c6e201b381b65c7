import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { SlotPool } from "./slot-pool.ts";

const SLOTS = 2;

function prompt(length: number, seed: number): readonly number[] {
  return Array.from({ length }, (_, index) => (index * 7 + seed * 31) % 400);
}

describe("prompts that are read ahead", () => {
  let engine: Engine;
  let pool: SlotPool;
  before(async () => {
    engine = await openTinyEngine({ slots: SLOTS, contextTokens: 512 });
    pool = new SlotPool({ engine, clock: systemClock, costs: undefined, settings: completeSettings() });
  });
  after(() => engine.dispose());

  const isKept = async (tokens: number) => {
    while (!pool.describe().some(({ keptTokens }) => keptTokens === tokens)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it("cost their request nothing any more, and are no request before", async () => {
    const expected = prompt(200, 1);
    pool.readAhead({ prompt: expected });
    assert.deepEqual(pool.counts(), { idle: SLOTS, processing: 0, queued: 0 });
    await isKept(200);
    assert.ok(pool.describe().every(({ state, promptTokens }) => state === "idle" && promptTokens === 0));
    assert.equal(pool.figures().tokens?.["completion"], 0);
    const { cachedTokens } = await generateTokens(pool, [...expected, 5, 6, 7], 4);
    assert.equal(cachedTokens, 200);
  });

  it("give their slots to whoever comes, who goes on from what was read", async () => {
    const expected = prompt(400, 2);
    pool.readAhead({ prompt: expected });
    const served = await Promise.all([
      generateTokens(pool, prompt(20, 3), 4),
      generateTokens(pool, prompt(20, 4), 4),
      generateTokens(pool, [...expected, 5], 4),
    ]);
    assert.deepEqual(
      served.map(({ tokens }) => tokens.length),
      [4, 4, 4],
    );
  });

  it("are read on after the requests that came between", async () => {
    const expected = prompt(400, 5);
    pool.readAhead({ prompt: expected });
    await generateTokens(pool, prompt(20, 6), 4);
    await isKept(400);
    assert.equal((await generateTokens(pool, [...expected, 5], 4)).cachedTokens, 400);
  });

  it("hold up nobody who waits for the pool to become idle", async () => {
    pool.readAhead({ prompt: prompt(400, 7) });
    await pool.whenIdle();
    assert.deepEqual(pool.counts(), { idle: SLOTS, processing: 0, queued: 0 });
  });
});
