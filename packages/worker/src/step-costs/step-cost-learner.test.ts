import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StepCostLearner } from "./step-cost-learner.ts";
import type { CostPoint } from "@drover/contract/step-costs";
import { type SlotStatus, planGroups } from "../batching/plan-groups.ts";

/** What steps truly take; the machine's noise adds up to half of it, and now and then far more. */
const truth: Readonly<Record<number, number>> = { 1: 40, 2: 80, 3: 118, 4: 160 };
const row = (size: number): readonly SlotStatus[] =>
  Array.from({ length: 4 }, (_, id) => (id < size ? "decoding" : "fillable"));

function learn(
  stored: Readonly<Record<number, number>>,
  options: { readonly factor?: number; readonly depth?: number } = {},
) {
  const written: (readonly CostPoint[])[] = [];
  const points = Object.entries(stored).map(([tokens, ms]) => ({ tokens: Number(tokens), ms }));
  const learner = new StepCostLearner(points, (corrected) => written.push(corrected));
  let state = 5;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  for (let step = 0; step < 8000; step++) {
    // Now and then the number of users changes.
    const size = 1 + (Math.floor(step / 10) % 4);
    const plan = planGroups(row(size), learner.costs);
    const single = plan.groups.map(({ first, last }) => last - first + 1);
    const changed = single.length !== 1 || single[0] !== size;
    const groups = changed && learner.isPlainTurn() ? [{ first: 0, last: size - 1 }] : plan.groups;
    const quiet = groups.reduce((sum, { first, last }) => sum + (truth[last - first + 1] ?? 0), 0);
    const ms = quiet * (options.factor ?? 1) * (1 + 0.04 * random() + (random() < 0.3 ? 5 * random() : 0));
    learner.see({ groups, ms, depth: options.depth ?? 100 });
  }
  return { learner, written };
}

const planned = (size: number, { learner }: ReturnType<typeof learn>) =>
  planGroups(row(size), learner.costs).groups.map(({ first, last }) => last - first + 1);

describe("learning the cost of steps from live ones", () => {
  it("corrects a size that was measured too dear, though plans avoid it, and stores the table", () => {
    const learned = learn({ ...truth, 3: 240 });
    assert.deepEqual(planned(3, learned), [3]);
    assert.ok(Math.abs(learned.learner.costs.groupMs(3) / 118 - 1) < 0.12);
    assert.deepEqual(learned.written.at(-1), learned.learner.costs.points);
  });

  it("corrects a size that was measured too cheap: padding up to it ends", () => {
    assert.deepEqual(planned(3, learn({ ...truth, 4: 80 })), [3]);
  });

  it("changes nothing where only the whole machine is slower, however noisy it is", () => {
    const { learner, written } = learn(truth, { factor: 2.5 });
    assert.equal(written.length, 0);
    assert.equal(learner.costs.groupMs(4), 160);
  });

  it("learns nothing from long sequences, whose attention the table does not have", () => {
    assert.equal(learn({ ...truth, 3: 240 }, { depth: 2000 }).written.length, 0);
  });
});
