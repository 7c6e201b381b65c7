import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { FollowUps } from "./follow-ups.ts";

/** One response after the other ends in a step of 200 ms, and is followed after so long. */
function followed(afterMs: readonly number[]) {
  const clock = createManualClock();
  const followUps = new FollowUps(clock);
  for (const ms of afterMs) {
    followUps.ended(200);
    clock.advance(ms);
    followUps.arrived();
    clock.advance(1000);
  }
  return { clock, followUps };
}

/** How long the step behind the end of `count` responses is held up, where the next request comes after so long. */
async function heldMs({ clock, followUps }: ReturnType<typeof followed>, nextMs = 1000, count = 1): Promise<number> {
  for (let index = 0; index < count; index++) followUps.ended(200);
  const startMs = clock.monotonicMs();
  clock.after(nextMs, () => followUps.arrived());
  await clock.run(followUps.wait());
  return clock.monotonicMs() - startMs;
}

describe("waiting for the request that follows a response", () => {
  it("does not where nobody has asked again at once yet, nor where people read what they got", async () => {
    assert.equal(await heldMs(followed([])), 0);
    assert.equal(await heldMs(followed([3000, 5000, 900, 4000, 7000, 2000])), 0);
  });

  it("ends with the request where most were followed within some milliseconds", async () => {
    assert.equal(await heldMs(followed([5, 8, 6, 12, 7]), 6), 6);
  });

  it("takes no more than a tenth of a step, and 20 ms", async () => {
    const often = followed([5, 8, 6, 12, 7, 5, 5, 5]);
    assert.equal(await heldMs(often), 20);
    often.clock.advance(1000);
    often.followUps.ended(50);
    const startMs = often.clock.monotonicMs();
    await often.clock.run(often.followUps.wait());
    assert.equal(often.clock.monotonicMs() - startMs, 5);
  });

  it("goes on after the first of several requests, until all are there", async () => {
    assert.equal(await heldMs(followed([5, 8, 6, 12, 7]), 6, 2), 20);
  });

  it("ceases once responses are followed no more", async () => {
    const changed = followed([5, 8, 6, 12, 7, 3000, 3000, 3000, 3000]);
    assert.equal(await heldMs(changed), 0);
  });
});
