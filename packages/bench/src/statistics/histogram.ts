import { Int32Histogram } from "hdr-histogram-js";

/** A distribution's figures in milliseconds. Absent values (nothing was recorded) are null, never zero. */
export interface Summary {
  readonly count: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** One bar of a distribution: values from `fromMs` to under `toMs`. */
export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

const MICROS = 1000;
const DAY_MICROS = 86_400_000_000;

/** Durations, kept to 0.1% at any length up to a day (HdrHistogram with three digits, in microseconds). */
export class Durations {
  readonly #histogram = new Int32Histogram(1, DAY_MICROS, 3);

  add(ms: number): void {
    this.#histogram.recordValue(Math.min(DAY_MICROS, Math.max(0, Math.round(ms * MICROS))));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** @param quantile 0 to 1 */
  quantileMs(quantile: number): number | null {
    return this.count === 0 ? null : this.#histogram.getValueAtPercentile(quantile * 100) / MICROS;
  }

  summary(): Summary {
    return {
      count: this.count,
      meanMs: this.count === 0 ? null : this.#histogram.mean / MICROS,
      p50Ms: this.quantileMs(0.5),
      p95Ms: this.quantileMs(0.95),
      p99Ms: this.quantileMs(0.99),
      maxMs: this.count === 0 ? null : this.#histogram.maxValue / MICROS,
    };
  }

  /** Up to `bars` bars of equal width on a logarithmic scale. */
  bars(bars: number): readonly Bar[] {
    return this.count === 0 ? [] : barsOf(this.#histogram, bars);
  }
}

function barsOf(histogram: Int32Histogram, wanted: number): readonly Bar[] {
  const low = Math.log(Math.max(1, histogram.minNonZeroValue));
  const high = Math.log(Math.max(2, histogram.maxValue + 1));
  const width = (high - low) / wanted;
  const edgeMs = (index: number) => Math.exp(low + index * width) / MICROS;
  const counts: number[] = Array.from({ length: wanted }, () => 0);
  for (let index = 0; index < histogram.countsArrayLength; index += 1) {
    const count = histogram.getCountAtIndex(index);
    if (count === 0) continue;
    const value = Math.max(1, histogram.valueFromIndex(index));
    const bar = Math.min(wanted - 1, Math.max(0, Math.floor((Math.log(value) - low) / width)));
    counts[bar] = (counts[bar] ?? 0) + count;
  }
  return counts.map((count, index) => ({ fromMs: edgeMs(index), toMs: edgeMs(index + 1), count }));
}
