import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BatchPart, Engine } from "../engine/engine.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { isComplete, lookAtStepCosts, measureStepCosts } from "./measure-step-costs.ts";
import { createStepCosts } from "@drover/contract/step-costs";

const table = (points: Awaited<ReturnType<typeof measureStepCosts>>) =>
  Object.fromEntries((points ?? []).map(({ tokens, ms }) => [tokens, ms]));

describe("measuring the cost of steps", () => {
  let engine: Engine;
  before(async () => {
    engine = await openTinyEngine({ slots: 8, contextTokens: 128 });
  });
  after(() => engine.dispose());

  /** The real engine on a clock by which a decode takes 20 ms a token, and more where `busy` says so. */
  function timed(busy: (decode: number, tokens: number) => number) {
    let nowMs = 0;
    const decodes: number[] = [];
    const decode = async (parts: readonly BatchPart[]) => {
      const tokens = parts.reduce((sum, part) => sum + part.tokens.length, 0);
      nowMs += 20 * tokens + busy(decodes.length, tokens);
      decodes.push(tokens);
      return await engine.decode(parts);
    };
    return { engine: { ...engine, decode }, clock: { epochMs: () => nowMs, monotonicMs: () => nowMs }, decodes };
  }
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 33, 64];
  const right = Object.fromEntries(sizes.map((size) => [size, 20 * size]));

  it("measures each size, and leaves every sequence empty", async () => {
    const { engine: slow, clock } = timed(() => 0);
    assert.deepEqual(table(await measureStepCosts(slow, clock)), right);
    // A decode at position 0 fails in a sequence that holds something.
    await engine.decode([{ sequence: 7, position: 0, tokens: [1], logits: "none" }]);
    engine.cut(7, 0);
  });

  it("is not misled by a burst of foreign load, wherever it falls", async () => {
    for (let from = 1; from < 22; from++) {
      const { engine: slow, clock } = timed((decode) => (decode >= from && decode < from + 8 ? 900 : 0));
      const measured = table(await measureStepCosts(slow, clock));
      for (const size of sizes.filter((each) => each < 64))
        assert.equal(measured[size], right[size], `${from}: ${size}`);
    }
  });

  it("measures what tells the size of the kernels' tiles where one token more than 32 costs as much as many", async () => {
    const { engine: tiled, clock } = timed((_, tokens) =>
      tokens > 16 ? 20 * (Math.ceil(tokens / 32) * 32 - tokens) : 0,
    );
    const points = (await measureStepCosts(tiled, clock)) ?? [];
    const costs = createStepCosts(points);
    assert.deepEqual(
      [32, 33, 64, 65, 96].map((tokens) => costs.groupMs(tokens)),
      [640, 1280, 1280, 1920, 1920],
    );
    assert.equal(costs.tileTokens, 32);
    const disturbed = [...points, { tokens: 70, ms: 1920 }, { tokens: 71, ms: 2900 }];
    assert.equal(createStepCosts(disturbed).tileTokens, 32);
    assert.ok(isComplete(tiled, points));
    assert.ok(
      !isComplete(
        tiled,
        points.filter(({ tokens }) => tokens !== 65),
      ),
    );
    assert.ok(
      !isComplete(
        tiled,
        points.filter(({ tokens }) => tokens !== 33),
      ),
    );
  });

  it("measures a size once more that is dearer than its neighbours and its cuts", async () => {
    let meetings = 0;
    const { engine: slow, clock } = timed((_, tokens) => (tokens === 5 && ++meetings <= 3 ? 500 : 0));
    assert.equal(table(await measureStepCosts(slow, clock))[5], 100);
  });

  it("gives up where it takes longer than it may, and leaves every sequence empty", async () => {
    const { engine: slow, clock, decodes } = timed(() => 3000);
    assert.equal(await measureStepCosts(slow, clock, { mostMs: 10_000 }), undefined);
    assert.ok(decodes.length <= 5, `${decodes.length} decodes`);
    await engine.decode([{ sequence: 0, position: 0, tokens: [1], logits: "none" }]);
    engine.cut(0, 0);
  });

  it("looks at the smallest and the largest step again, and no more", async () => {
    const { engine: slow, clock, decodes } = timed(() => 0);
    assert.deepEqual(table(await lookAtStepCosts(slow, clock)), { 1: 20, 8: 160 });
    assert.ok(decodes.length <= 7 && decodes.every((tokens) => tokens === 1 || tokens === 8));
  });
});
