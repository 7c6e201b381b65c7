import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../random.ts";
import { type Interval, meanInterval, ratioInterval } from "./bootstrap.ts";

const width = ({ low, high }: Interval) => (high ?? 0) - (low ?? 0);

describe("intervals by bootstrap", () => {
  it("hold the true ratio, and are narrow only when the rounds agree", () => {
    const agreeing = ratioInterval(
      [
        [
          [40, 10],
          [41, 10],
          [39, 10],
          [40, 10],
        ],
      ],
      seededRandom(1),
    );
    const torn = ratioInterval(
      [
        [
          [80, 10],
          [20, 10],
          [40, 10],
          [40, 10],
        ],
      ],
      seededRandom(1),
    );
    assert.ok(agreeing !== undefined && torn !== undefined);
    assert.ok(Math.abs(agreeing.value - 4) < 0.05);
    assert.ok((agreeing.low ?? 9) <= 4 && (agreeing.high ?? 0) >= 3.9);
    assert.ok(width(torn) > 10 * width(agreeing));
  });

  it("have no bounds with one measurement, and there is no ratio with a side that served nothing", () => {
    assert.deepEqual(meanInterval([[3]], seededRandom(1)), { value: 3, low: null, high: null });
    assert.equal(ratioInterval([[[1, 0]]], seededRandom(1)), undefined);
    assert.equal(ratioInterval([], seededRandom(1)), undefined);
  });

  it("give groups the same weight, however many rounds each has", () => {
    const even = ratioInterval(
      [
        [
          [8, 1],
          [8, 1],
          [8, 1],
        ],
        [
          [2, 1],
          [2, 1],
        ],
      ],
      seededRandom(1),
    );
    assert.ok(even !== undefined && [even.value, even.low, even.high].every((one) => Math.abs((one ?? 0) - 4) < 1e-9));
  });
});
