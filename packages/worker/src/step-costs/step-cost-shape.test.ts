import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { q40Costs, q4kCosts } from "../test-support/step-costs.ts";
import { correctedCosts, costsHold, suspiciousSizes } from "./step-cost-shape.ts";
import type { CostPoint } from "@drover/contract/step-costs";

const points = (table: Readonly<Record<number, number>>): readonly CostPoint[] =>
  Object.entries(table).map(([tokens, ms]) => ({ tokens: Number(tokens), ms }));
const table = points({ 1: 40, 2: 80, 3: 120, 4: 90 });

describe("a stored table against a second look", () => {
  it("holds while it is right, and on a machine that is slower by one factor now", () => {
    assert.ok(costsHold(table, points({ 1: 44, 4: 90 })));
    assert.ok(costsHold(table, points({ 1: 120, 4: 280 })));
  });

  it("does not hold where one size is off beside the other", () => {
    assert.ok(!costsHold(table, points({ 1: 40, 4: 140 })));
    assert.ok(!costsHold(table, points({ 1: 40, 4: 60 })));
  });

  it("does not hold where all of it was measured while the machine was busy", () => {
    assert.ok(!costsHold(table, points({ 1: 20, 4: 45 })));
  });

  it("does not hold without the sizes that were looked at", () => {
    assert.ok(!costsHold(table, points({ 1: 40, 8: 160 })));
  });
});

describe("correcting a table by what was seen", () => {
  it("sets what was seen, beside what was not", () => {
    assert.deepEqual(
      correctedCosts(points({ 1: 40, 2: 80, 3: 240, 4: 90 }), points({ 1: 40, 2: 80, 3: 120 })),
      points({ 1: 40, 2: 80, 3: 120, 4: 90 }),
    );
  });

  it("takes out the factor by which the whole machine is slower", () => {
    assert.deepEqual(
      correctedCosts(points({ 1: 40, 2: 80, 3: 240, 4: 90 }), points({ 1: 80, 3: 240, 4: 180 })),
      points({ 1: 40, 2: 80, 3: 120, 4: 90 }),
    );
  });

  it("leaves a table whose relative costs agree, or of which one size was seen", () => {
    assert.equal(correctedCosts(table, points({ 1: 80, 2: 162, 4: 178 })), undefined);
    assert.equal(correctedCosts(table, points({ 4: 300 })), undefined);
  });
});

describe("sizes that look disturbed", () => {
  it("are those above both neighbours and all their cuts", () => {
    assert.deepEqual(suspiciousSizes(points({ 1: 40, 2: 80, 3: 200, 4: 90 })), [3]);
    assert.deepEqual(suspiciousSizes(points({ 16: 387, 32: 771, 64: 2400 })), [64]);
  });

  it("are also the smallest where it is dearer than the next one", () => {
    assert.deepEqual(suspiciousSizes(points({ 1: 2775, 2: 66, 3: 93, 4: 103 })), [1]);
  });

  it("are not those that kernels make dearer than larger ones", () => {
    for (const { points } of [q40Costs, q4kCosts]) assert.deepEqual(suspiciousSizes(points), []);
  });
});
