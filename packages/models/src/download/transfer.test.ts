import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Transfer, transferText } from "./transfer.ts";

const MIB = 2 ** 20;

function textOf(transfer: Transfer, nowMs: number): string {
  const state = transfer.state(nowMs);
  return state === undefined ? "" : transferText(state);
}

describe("a transfer's text", () => {
  it("tells the time left from the speed of the last seconds, not from the mean or the last piece", () => {
    const transfer = new Transfer();
    let doneBytes = 0;
    // A minute with 1 MiB/s, then 4 MiB/s, each in bursts of a thousand pieces.
    for (let second = 0; second <= 90; second++) {
      const bytes = (second < 60 ? 1 : 4) * MIB;
      for (let piece = 1; piece <= 1000; piece++)
        transfer.add(doneBytes + (bytes * piece) / 1000, 500 * MIB, 1000 * second + piece / 1000);
      doneBytes += bytes;
    }
    assert.match(textOf(transfer, 90_001), /^36% of 500 MiB, 4 MiB\/s, (79|80|81) s left$/u);
  });

  it("says that nothing arrives, instead of a time without end", () => {
    const transfer = new Transfer();
    transfer.add(MIB, 2 * MIB, 0);
    assert.equal(textOf(transfer, 0), "50% of 2 MiB");
    assert.equal(textOf(transfer, 8000), "50% of 2 MiB, nothing has arrived for 8 s");
  });

  it("does without a total where the sender tells none, and without a speed at the end", () => {
    const transfer = new Transfer();
    transfer.add(0, undefined, 0);
    transfer.add(MIB, undefined, 1000);
    assert.equal(textOf(transfer, 1000), "1 MiB, 1 MiB/s");
    transfer.add(2 * MIB, 2 * MIB, 2000);
    assert.equal(textOf(transfer, 9000), "100% of 2 MiB");
  });

  it("counts long times in minutes and hours", () => {
    const state = { doneBytes: 0, totalBytes: 6000 * MIB, silentMs: 0 };
    assert.match(transferText({ ...state, bytesPerSecond: 10 * MIB }), /10 min left$/u);
    assert.match(transferText({ ...state, bytesPerSecond: MIB / 2 }), /3\.3 h left$/u);
  });
});
