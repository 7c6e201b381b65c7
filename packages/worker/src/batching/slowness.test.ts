import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ExpectedMs, followSlowness, type Slowness } from "./slowness.ts";

const quiet: Slowness = { decode: 1, prompt: 1 };
const decoding = { decodeMs: 200, promptMs: 0 };
const mixed = { decodeMs: 200, promptMs: 200 };

function after(from: Slowness, expected: ExpectedMs, tookMs: number, steps: number): Slowness {
  let now = from;
  for (let step = 0; step < steps; step++) now = followSlowness(now, expected, tookMs);
  return now;
}
const near = (value: number, wanted: number) => assert.ok(Math.abs(value / wanted - 1) < 0.15, `${value}`);

describe("how slow the machine is right now", () => {
  it("is told by steps without prompts", () => {
    const slow = after(quiet, decoding, 400, 60);
    near(slow.decode, 2);
    assert.equal(slow.prompt, 1);
  });

  it("counts a prompt whose attention grows as the prompt's, not as slower decoding", () => {
    const deep = after(quiet, mixed, 200 + 2.5 * 200, 60);
    near(deep.decode, 1);
    near(deep.prompt, 2.5);
  });

  it("forgets a slowness that steps with prompts refute, though none is without", () => {
    const again = after({ decode: 8, prompt: 1 }, mixed, 400, 40);
    assert.ok(again.decode < 2, `${again.decode}`);
  });

  it("never takes prompts for much quicker than decoding, which would let them in without a bound", () => {
    const { decode, prompt } = followSlowness({ decode: 8, prompt: 0.3 }, mixed, 400);
    assert.ok(prompt >= 0.7 * decode);
  });

  it("says nothing where nothing was expected", () => {
    assert.deepEqual(followSlowness(quiet, { decodeMs: 0, promptMs: 0 }, 100), quiet);
  });

  it("moves little by one step, however long it took", () => {
    assert.ok(followSlowness(quiet, decoding, 60_000).decode < 2);
  });
});
