import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { STATE_MEANINGS, TRANSITIONS, transition, WORKER_EVENTS, WORKER_STATES } from "./transitions.ts";

const timed = new Set(["starting", "loading", "stopping", "backoff", "quarantined"]);
const pairs = WORKER_STATES.flatMap((state) => WORKER_EVENTS.map((event) => [state, event] as const));

describe("the table of a worker's life", () => {
  it("answers every pair of state and event with a known state, and changes nothing where it has no row", () => {
    for (const [state, event] of pairs) {
      const next = transition(state, event);
      assert.ok(WORKER_STATES.includes(next.state));
      if (TRANSITIONS[state][event] === undefined) assert.deepEqual(next, { state, effects: [] });
    }
  });

  it("opens traffic on the way into ready only, and closes it on each way out", () => {
    for (const [state, event] of pairs) {
      const next = transition(state, event);
      assert.equal(
        next.effects.includes("open-traffic"),
        state !== "ready" && next.state === "ready",
        `${state} ${event}`,
      );
      assert.equal(
        next.effects.includes("close-traffic"),
        state === "ready" && next.state !== "ready",
        `${state} ${event}`,
      );
    }
  });

  it("starts a process only where none exists", () => {
    for (const [state, event] of pairs) {
      const isStart = transition(state, event).effects.includes("spawn");
      if (isStart) assert.ok(["exited", "backoff", "quarantined"].includes(state), `${state} ${event}`);
    }
  });

  it("leaves no timer behind: a state that waits for none was entered by calling the old one off", () => {
    for (const [state, event] of pairs) {
      const next = transition(state, event);
      if (next.effects.length === 0 || timed.has(next.state) || !timed.has(state)) continue;
      const arms = next.effects.some((effect) => effect.startsWith("arm-"));
      // The backoff timer itself has run out when it says so.
      assert.ok(!arms && (next.effects.includes("disarm-timer") || event === "backoff-over"), `${state} ${event}`);
    }
  });

  it("arms a timer on each way into a state that must not last", () => {
    for (const [state, event] of pairs) {
      const next = transition(state, event);
      if (!timed.has(next.state) || next.state === state || (state === "starting" && next.state === "loading"))
        continue;
      assert.ok(
        next.effects.some((effect) => effect.startsWith("arm-")),
        `${state} ${event}`,
      );
    }
  });

  it("brings every state back to ready by events alone, so that none is a dead end", () => {
    for (const state of WORKER_STATES) {
      const reached = new Set([state]);
      for (const from of reached) for (const event of WORKER_EVENTS) reached.add(transition(from, event).state);
      assert.ok(reached.has("ready") && reached.has("exited"), state);
      assert.ok(STATE_MEANINGS[state].length > 0);
    }
  });
});
