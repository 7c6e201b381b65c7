import { type Axis, tickLabel } from "./axis.ts";

/** Text for HTML and SVG, also inside of attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A picture with its title at the top, which begins `left` of it. */
export function svgPicture(
  title: string,
  { width, height, left }: { readonly width: number; readonly height: number; readonly left: number },
  parts: readonly string[],
): string {
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    `<text class="title" x="${left}" y="18">${escapeHtml(title)}</text>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

/** A line across the picture for each tick, with its value at the left. */
export function gridRows(y: Axis, left: number, right: number, unit = ""): readonly string[] {
  return y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${right}" y1="${px(y.at(tick))}" y2="${px(y.at(tick))}"/>` +
      `<text class="tick" x="${left - 6}" y="${px(y.at(tick) + 4)}" text-anchor="end">${tickLabel(tick)}${unit}</text>`,
  );
}
