import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { linearCosts, q40Costs, q4kCosts } from "../test-support/step-costs.ts";
import type { Group } from "../step-costs/step-cost-learner.ts";
import { type SlotStatus, planGroups, planMoves } from "./plan-groups.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

/** `x` decodes, `p` reads its prompt, `-` is free, `#` is free without room. */
function statuses(text: string): readonly SlotStatus[] {
  const kinds: Readonly<Record<string, SlotStatus>> = { x: "decoding", p: "prefill", "-": "fillable", "#": "blocked" };
  return text.split("").map((letter) => kinds[letter] as SlotStatus);
}

const show = (groups: readonly Group[]) => groups.map(({ first, last }) => `${first}-${last}`).join(" ");

describe("planning the groups of a step", () => {
  it("pads three tokens to four and seven to eight where that is cheaper", () => {
    assert.equal(show(planGroups(statuses("xxx-----"), q40Costs).groups), "0-3");
    assert.equal(show(planGroups(statuses("xxxxxxx-"), q40Costs).groups), "0-7");
    assert.equal(show(planGroups(statuses("xxxxxx--"), q40Costs).groups), "0-7");
  });

  it("cuts eight into two groups of four where that is cheaper", () => {
    assert.equal(show(planGroups(statuses("xxxxxxxx"), q4kCosts).groups), "0-3 4-7");
    assert.equal(show(planGroups(statuses("xxxxxxxxxxxx----"), q4kCosts).groups), "0-15");
  });

  it("fills holes between running slots where one group is cheaper than several", () => {
    assert.equal(show(planGroups(statuses("xx-x----"), q40Costs).groups), "0-3");
    assert.equal(show(planGroups(statuses("x-x-x-x-"), q40Costs).groups), "0-7");
  });

  it("does not fill a slot that has no room for a throw-away token", () => {
    assert.equal(show(planGroups(statuses("xx#x----"), q40Costs).groups), "0-0 1-1 3-3");
  });

  it("lets a prompt fill the hole instead of a throw-away token", () => {
    assert.equal(show(planGroups(statuses("xxxp----"), q40Costs).groups), "0-3");
    assert.equal(show(planGroups(statuses("xxxxp---"), q40Costs).groups), "0-3");
  });

  it("changes nothing where no padding pays, or where nothing was measured", () => {
    for (const costs of [linearCosts, undefined]) {
      assert.equal(show(planGroups(statuses("xx-x-xxx"), costs).groups), "0-1 3-3 5-7");
    }
  });

  it("covers each decoding slot once, no blocked slot, and never costs more than the plain runs", () => {
    const status = fc.constantFrom<SlotStatus>("decoding", "prefill", "fillable", "blocked");
    fc.assert(
      fc.property(
        fc.array(status, { minLength: 1, maxLength: 16 }),
        fc.constantFrom(q40Costs, q4kCosts),
        (row, costs) => {
          const { groups, ms } = planGroups(row, costs);
          const covered = groups.flatMap(({ first, last }) => row.slice(first, last + 1));
          assert.equal(
            covered.filter((each) => each === "decoding").length,
            row.filter((each) => each === "decoding").length,
          );
          assert.ok(!covered.includes("blocked"));
          for (const [index, group] of groups.entries()) assert.ok(group.first > (groups[index - 1]?.last ?? -1));
          const plain = planGroups(row, undefined).groups;
          assert.ok(ms <= plain.reduce((sum, { first, last }) => sum + costs.groupMs(last - first + 1), 0) + 1e-9);
        },
      ),
    );
  });
});

describe("planning moves", () => {
  const situation = { costs: q40Costs, horizon: 16, moveMs: 30 };

  it("brings four slots that lie apart together", () => {
    assert.deepEqual(planMoves({ ...situation, statuses: statuses("x-x-x-x-") }), [
      [4, 1],
      [6, 3],
    ]);
  });

  it("leaves slots where they are when they have too few steps before them", () => {
    assert.deepEqual(planMoves({ ...situation, horizon: 0, statuses: statuses("x-x-x-x-") }), []);
  });

  it("leaves slots where they are when filling the hole costs as little", () => {
    assert.deepEqual(planMoves({ ...situation, statuses: statuses("xx-x----") }), []);
  });

  it("moves nothing where nothing was measured", () => {
    assert.deepEqual(planMoves({ ...situation, costs: undefined, statuses: statuses("x-x-x-x-") }), []);
  });
});
