/** Figures as people read them. Null, which stands for "nothing was measured", is a dash. */
export function showMs(ms: number | null): string {
  if (ms === null) return "–";
  if (!Number.isFinite(ms)) return "endless";
  if (ms >= 100_000) return `${(ms / 1000).toFixed(0)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}

export function showNumber(value: number | null): string {
  if (value === null) return "–";
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function showPercent(share: number | null): string {
  if (share === null) return "–";
  // Rounding must not turn a failure into 100%.
  return share < 1 && share > 0.999 ? "99.9%" : `${(share * 100).toFixed(share === 1 ? 0 : 1)}%`;
}
