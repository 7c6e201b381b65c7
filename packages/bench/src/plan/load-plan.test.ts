import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planLoad } from "./load-plan.ts";
import { parseDuration, parseNumbers } from "./parse-options.ts";

describe("a load request", () => {
  it("takes from its preset what it does not say", () => {
    const plan = planLoad({});
    assert.deepEqual(
      plan.loads.map((load) => "users" in load && load.users),
      [1, 2, 4, 8, 12, 16, 20],
    );
    assert.deepEqual([plan.warmupMs, plan.durationMs, plan.thinkMs], [60_000, 120_000, 5000]);
    assert.deepEqual(planLoad({ rate: [0.5] }).loads, [{ perSecond: 0.5 }]);
  });

  it("refuses what can't be: no users, half a user, an unknown preset, both loops at once, a rate of 0", () => {
    const wrong = [
      { users: [0] },
      { users: [] },
      { users: [1.5] },
      { users: [1e9] },
      { users: [1], rate: [1] },
      { rate: [0] },
      { durationMs: 0 },
      { thinkMs: -1 },
      { responseTokens: 0 },
      { slo: "soon" },
    ];
    for (const request of wrong)
      assert.throws(() => planLoad(request), { code: "bad_option" }, JSON.stringify(request));
    assert.throws(() => planLoad({ preset: "smal-team" }), /did you mean small-team\?/);
  });

  it("reads durations with their unit and lists of numbers, and names the option otherwise", () => {
    assert.deepEqual(
      ["500ms", "1.5s", "2m", "0", "250"].map((text) => parseDuration("--think", text)),
      [500, 1500, 120_000, 0, 250],
    );
    assert.throws(() => parseDuration("--warmup", "soon"), /--warmup "soon" is no duration/);
    assert.deepEqual(parseNumbers("--users", "1, 2,4"), [1, 2, 4]);
    assert.throws(() => parseNumbers("--users", "1,two"), /--users .*"two" is no number/);
  });
});
