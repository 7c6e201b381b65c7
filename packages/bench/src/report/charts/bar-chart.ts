import { sum } from "@drover/foundation/sums";
import type { Bar } from "../../statistics/histogram.ts";
import { showMs } from "../figures.ts";
import { createAxis } from "./axis.ts";
import { escapeHtml, gridRows, px, svgPicture } from "./svg.ts";

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 62;
const TOP = 34;
const BOTTOM = 40;

/** A distribution as an SVG picture: bars of equal width on a logarithmic scale of time. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const total = sum(bars.map((bar) => bar.count));
  const shares = bars.map((bar) => (total === 0 ? 0 : (bar.count / total) * 100));
  const y = createAxis(shares, HEIGHT - BOTTOM, TOP);
  const width = (WIDTH - LEFT - 20) / Math.max(1, bars.length);
  const drawn = bars.map((bar, index) => {
    const top = y.at(shares[index] ?? 0);
    const words = `${showMs(bar.fromMs)} to ${showMs(bar.toMs)}: ${bar.count}`;
    return `<rect class="bar s0" x="${px(LEFT + index * width)}" y="${px(top)}" width="${px(Math.max(1, width - 1))}" height="${px(HEIGHT - BOTTOM - top)}"><title>${escapeHtml(words)}</title></rect>`;
  });
  const labels = bars.flatMap((bar, index) =>
    index % Math.ceil(bars.length / 6) === 0
      ? `<text class="tick" x="${px(LEFT + index * width)}" y="${HEIGHT - BOTTOM + 16}">${showMs(bar.fromMs)}</text>`
      : [],
  );
  const parts = [...gridRows(y, LEFT, WIDTH - 20, "%"), ...drawn, ...labels];
  return svgPicture(title, { width: WIDTH, height: HEIGHT, left: LEFT }, parts);
}
