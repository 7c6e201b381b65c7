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

  it("gives each owner a burst of five seconds beside others' responses, and then as much as these have", () => {
    const share = new PromptShare();
    const reader = { owner: "a", isBesideOthers: true };
    const leftMs = () => share.ofOwner(reader).besideOthersMs ?? 0;
    let readMs = 0;
    for (let now = 0; now < 20_000; now += 100) {
      if (leftMs() <= 0) share.decoded(100, now);
      else {
        share.read(100, 1, now, reader);
        readMs += 100;
      }
    }
    assert.equal(readMs, 5000 + 15_000 / 2);
    assert.equal(share.ofOwner({ owner: "b", isBesideOthers: true }).besideOthersMs, 5000);
    assert.equal(share.ofOwner({ owner: "a", isBesideOthers: false }).besideOthersMs, undefined);
  });

  it("counts what owners have had from when they come: a newcomer is before all that were served, with no claim on the past", () => {
    const share = new PromptShare();
    const had = (owner: string) => share.ofOwner({ owner, isBesideOthers: false }).ownerReadMs ?? 0;
    const read = (owner: string, ms: number) => share.read(ms, 0, 0, { owner, isBesideOthers: false });
    for (let times = 0; times < 10; times++) read("a", 1000);
    assert.ok(had("b") < had("a"));
    read("b", 1500);
    assert.ok(had("a") < had("b"), "a is next again");
    for (let times = 0; times < 10; times++) read("a", 1000);
    assert.equal(had("b"), had("c"), "what b had is long past");
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
