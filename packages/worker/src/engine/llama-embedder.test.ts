import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setImmediate as nextPrompt } from "node:timers/promises";
import { writeSyntheticModel } from "@drover/models";
import type { Engine } from "./engine.ts";
import { endsOf, pieceTokensOf } from "./llama-embedder.ts";
import { loadLlamaEngine } from "./llama-engine.ts";

const LONG = 2000;

interface Sharing {
  readonly between: () => Promise<unknown>;
  readonly areShared: () => boolean;
}

const alternately = () => {
  let isShared = false;
  return () => (isShared = !isShared);
};

const text = (first: number, length: number) => Array.from({ length }, (_, index) => (first + 7 * index) % 500);

describe("The vectors of texts", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-embedder-"));
  let engine: Engine;
  before(async () => {
    const modelPath = join(folder, "tiny.gguf");
    await writeSyntheticModel("tiny", modelPath, "q8_0");
    const rest = { threads: 1, slots: 1, batchTokens: 64, flashAttention: "on", kvType: "f16" } as const;
    const quiet = { onProgress: () => {}, onWarning: () => {} };
    engine = await loadLlamaEngine({ modelPath, contextTokens: 2 * LONG, embeddings: true, ...rest, ...quiet });
  });
  after(async () => {
    await engine.dispose();
    rmSync(folder, { recursive: true });
  });

  /** With the number of its decodes. */
  const embed = async (
    tokens: readonly number[],
    { between = async () => {}, areShared = () => false }: Partial<Sharing> = {},
  ) => {
    let steps = 0;
    const run = async (decode: () => Promise<void>) => {
      await decode();
      steps += 1;
      await between();
    };
    const vector = await engine.embedder?.embed(tokens, { run, areShared });
    assert.ok(vector);
    return { vector, steps };
  };

  it("come of several decodes for a long text, so that others may compute between them", async () => {
    const { vector, steps } = await embed(text(1, LONG));
    assert.equal(steps, 4);
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  });

  it("come of more and shorter ones while others compute, and are the same", async () => {
    const alone = await embed(text(1, LONG));
    const shared = await embed(text(1, LONG), { areShared: () => true });
    assert.equal(shared.steps, Math.ceil(LONG / 64));
    const product = alone.vector.reduce((sum, value, index) => sum + value * (shared.vector[index] ?? 0), 0);
    assert.ok(product > 0.999, `${product}`);
    const changing = await embed(text(1, LONG), { areShared: alternately() });
    assert.ok(changing.steps > alone.steps && changing.steps < shared.steps);
  });

  it("depend on the beginning of a long text too", async () => {
    const [one, other] = [await embed(text(1, LONG)), await embed([250, 251, 252, ...text(1, LONG).slice(3)])];
    assert.notDeepEqual(one.vector, other.vector);
  });

  it("are the same when several texts are asked for at once", async () => {
    const texts = [text(1, LONG), text(2, 40), text(3, LONG)];
    const alone = [];
    for (const one of texts) alone.push((await embed(one)).vector);
    const together = await Promise.all(texts.map((one) => embed(one, { between: nextPrompt })));
    assert.deepEqual(
      together.map(({ vector }) => vector),
      alone,
    );
  });
});

describe("A text to embed", () => {
  it("is decoded at once where every token of it counts, or looks at those behind it", () => {
    assert.equal(pieceTokensOf({}, 4096), 512);
    assert.equal(pieceTokensOf({ pooling_type: 3 }, 256), 256);
    for (const whole of [{ pooling_type: 1 }, { pooling_type: 2 }, { attention: { causal: false } }])
      assert.equal(pieceTokensOf(whole, 4096), 4096);
  });

  it("stands between the tokens that its vocabulary asks for", () => {
    const tokens = { bos: 1, eos: 2, sep: 3, shouldPrependBosToken: true, shouldAppendEosToken: false };
    assert.deepEqual(endsOf("bpe", tokens), { first: 1, last: undefined });
    assert.deepEqual(endsOf("wpm", tokens), { first: 1, last: 3 });
    assert.deepEqual(endsOf("ugm", tokens), { first: undefined, last: 2 });
    assert.deepEqual(endsOf("rwkv", tokens), { first: undefined, last: undefined });
  });
});
