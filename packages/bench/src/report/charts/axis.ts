/** A linear scale from values to pixels, with round ticks. */
export interface Axis {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** An axis over `values`, always from 0, drawn from `fromPx` to `toPx`. */
export function createAxis(values: readonly number[], fromPx: number, toPx: number): Axis {
  const most = Math.max(0, ...values.filter((value) => Number.isFinite(value)));
  const step = roundStep(most === 0 ? 1 : most / 5);
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { ticks, at: (value) => fromPx + (value / top) * (toPx - fromPx) };
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A tick's label without the noise of binary fractions. */
export function tickLabel(value: number): string {
  return String(Math.round(value * 1e6) / 1e6);
}
