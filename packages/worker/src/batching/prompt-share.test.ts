import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PromptShare } from "./prompt-share.ts";

/** Reads pieces of 100 ms beside a response while there is credit, and decodes for 100 ms where there is none. */
function alternate(share: PromptShare, steps: number): { readonly readMs: number; readonly decodeMs: number } {
  const spent = { readMs: 0, decodeMs: 0 };
  for (let now = 0; now < steps * 100; now += 100) {
    if (share.creditMs > 0) {
      share.read(100, 1, now);
      spent.readMs += 100;
    } else {
      share.decoded(100, now);
      spent.decodeMs += 100;
    }
  }
  return spent;
}

describe("the share of the time that prompts may take", () => {
  it("reads a burst of twenty seconds at once, and then five sixths of the time", () => {
    const share = new PromptShare();
    assert.deepEqual(alternate(share, 200), { readMs: 20_000, decodeMs: 0 });
    const { readMs, decodeMs } = alternate(share, 1000);
    assert.ok(Math.abs(readMs / (readMs + decodeMs) - 5 / 6) < 0.01, `${readMs} of ${readMs + decodeMs} ms`);
  });

  it("costs nothing while nobody decodes", () => {
    const share = new PromptShare();
    alternate(share, 100);
    share.read(5000, 0, 20_000);
    assert.ok(share.creditMs >= 5000);
  });

  it("counts a pause from the last token of running responses, or from the prompt that the first of them had", () => {
    const share = new PromptShare();
    share.read(700, 0, 1000);
    assert.equal(share.pausedMs(1000), 0);
    share.read(700, 1, 1700);
    assert.equal(share.pausedMs(1700), 700);
    assert.equal(share.hasRead, true);
    share.decoded(50, 1750);
    assert.equal(share.pausedMs(1760), 10);
    assert.equal(share.hasRead, false);
  });
});
