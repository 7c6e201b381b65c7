import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AS_MEASURED as quiet, followSlowness, type Slowness, stepMs } from "./slowness.ts";

function after(steps: number, kind: "decode" | "prompt", ratio: number, start = quiet): Slowness {
  let now = start;
  for (let step = 0; step < steps; step++) now = followSlowness(now, { kind, expectedMs: 100 }, 100 * ratio);
  return now;
}

describe("how slow steps are right now", () => {
  it("follows decoding and prompts apart", () => {
    assert.ok(Math.abs(after(60, "decode", 2).decode - 2) < 0.05);
    assert.equal(after(60, "decode", 2).prompt, 1);
    assert.ok(Math.abs(after(60, "prompt", 3).prompt - 3) < 0.1);
    assert.equal(after(60, "prompt", 3).decode, 1);
  });

  it("comes back when the machine is quiet again", () => {
    assert.ok(after(60, "decode", 1, after(60, "decode", 4)).decode < 1.05);
  });

  it("learns from deep pieces of prompts what attention takes, and does not take it for a slower machine", () => {
    let now = quiet;
    for (let piece = 0; piece < 30; piece++) {
      const depth = 64 * piece;
      now = followSlowness(now, { kind: "prompt", expectedMs: 700, tokens: 64, depth }, 700 + 0.0025 * 64 * depth);
    }
    assert.ok(Math.abs(now.attentionMs - 2500) < 300, `${now.attentionMs} ms`);
    assert.ok(Math.abs(now.prompt - 1) < 0.1, `${now.prompt}`);
    const expected = stepMs(now, { kind: "prompt", expectedMs: 700, tokens: 64, depth: 2000 });
    assert.ok(Math.abs(expected - 1020) < 50, `${expected} ms`);
  });

  it("learns nothing from a step whose time was not foreseen, and little from a single one", () => {
    assert.equal(followSlowness(quiet, { kind: "decode", expectedMs: 0 }, 500), quiet);
    assert.ok(followSlowness(quiet, { kind: "decode", expectedMs: 100 }, 100_000).decode < 2);
  });
});
