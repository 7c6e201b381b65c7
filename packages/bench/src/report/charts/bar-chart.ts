import type { Bar } from "../../statistics/histogram.ts";
import { createAxis, tickLabel } from "./axis.ts";
import { escapeHtml } from "./escape.ts";
import { showMs } from "../figures.ts";

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 62;
const TOP = 34;
const BOTTOM = 40;

/** A distribution as an SVG picture: bars of equal width on a logarithmic scale of time. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  const shares = bars.map((bar) => (total === 0 ? 0 : (bar.count / total) * 100));
  const y = createAxis(shares, HEIGHT - BOTTOM, TOP);
  const width = (WIDTH - LEFT - 20) / Math.max(1, bars.length);
  const drawn = bars.map((bar, index) => {
    const top = y.at(shares[index] ?? 0);
    const words = `${showMs(bar.fromMs)} to ${showMs(bar.toMs)}: ${bar.count}`;
    return `<rect class="bar s0" x="${(LEFT + index * width).toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1, width - 1).toFixed(1)}" height="${(HEIGHT - BOTTOM - top).toFixed(1)}"><title>${escapeHtml(words)}</title></rect>`;
  });
  const rows = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - 20}" y1="${y.at(tick).toFixed(1)}" y2="${y.at(tick).toFixed(1)}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${(y.at(tick) + 4).toFixed(1)}" text-anchor="end">${tickLabel(tick)}%</text>`,
  );
  const labels = bars
    .filter((_, index) => index % Math.ceil(bars.length / 6) === 0)
    .map((bar) => {
      const at = LEFT + bars.indexOf(bar) * width;
      return `<text class="tick" x="${at.toFixed(1)}" y="${HEIGHT - BOTTOM + 16}">${showMs(bar.fromMs)}</text>`;
    });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">`,
    `<text class="title" x="${LEFT}" y="18">${escapeHtml(title)}</text>`,
    ...rows,
    ...drawn,
    ...labels,
    "</svg>",
  ].join("\n");
}
