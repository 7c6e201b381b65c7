import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { linkParent } from "./parent-link.ts";

/** How often a worker whose parent's channel is like this learns that the parent is gone, without and with the event. */
function timesGone(connected: boolean): readonly [number, number] {
  let gone = 0;
  const channel = Object.assign(new EventEmitter(), { connected, send: () => true });
  linkParent({
    channel,
    clock: { every: () => () => {} },
    status: () => ({ steps: 0, active: 0, busySlots: 0, figures: {} }),
    on: { lease: () => {}, shutdown: () => {}, gone: () => (gone += 1) },
  });
  const before = gone;
  channel.emit("disconnect");
  return [before, gone];
}

describe("the link to the supervisor", () => {
  it("ends with a supervisor that dies, and with one that had died before the worker listened", () => {
    assert.deepEqual(timesGone(true), [0, 1]);
    assert.equal(timesGone(false)[0], 1);
  });
});
