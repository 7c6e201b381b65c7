import { type Axis, createAxis, tickLabel } from "./axis.ts";
import { escapeHtml, gridRows, px, svgPicture } from "./svg.ts";

export interface Point {
  readonly x: number;
  /** Null leaves a gap. */
  readonly y: number | null;
  /** The ends of an interval, drawn as a bar. */
  readonly spread?: readonly [low: number, high: number] | undefined;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Vertical lines with a word, such as the knee. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** Horizontal line with a word, such as a target. */
  readonly limit?: { readonly y: number; readonly label: string } | undefined;
}

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 62;
const RIGHT = 130;
const TOP = 34;
const BOTTOM = 46;

/** An SVG picture. Colours are CSS classes `s0` … `s7` of the page. */
export function lineChart(chart: LineChart): string {
  const points = chart.series.flatMap((series) => series.points);
  const ys = points.flatMap(({ y, spread }) => [...(y === null ? [] : [y]), ...(spread ?? [])]);
  const x = createAxis(
    points.map((point) => point.x),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = createAxis(chart.limit === undefined ? ys : [...ys, chart.limit.y], HEIGHT - BOTTOM, TOP);
  return svgPicture(chart.title, { width: WIDTH, height: HEIGHT, left: LEFT }, [
    ...gridRows(y, LEFT, WIDTH - RIGHT),
    ...columns(chart, x),
    ...(chart.marks ?? []).map((mark) => markLine(mark, x)),
    chart.limit === undefined ? "" : limitLine(chart.limit, y),
    ...chart.series.map((series, index) => seriesLine(series, index % 8, x, y)),
    legend(chart.series),
  ]);
}

/** The values along the lower edge, and the names of both axes. */
function columns({ xLabel, yLabel }: LineChart, x: Axis): readonly string[] {
  const bottom = HEIGHT - BOTTOM;
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  return [
    ...x.ticks.map(
      (tick) =>
        `<text class="tick" x="${px(x.at(tick))}" y="${bottom + 16}" text-anchor="middle">${tickLabel(tick)}</text>`,
    ),
    `<text class="tick" x="${middle}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text class="tick" transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
  ];
}

function markLine(mark: { readonly x: number; readonly label: string }, x: Axis): string {
  const at = px(x.at(mark.x));
  return `<line class="mark" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="marked" x="${at}" y="${TOP + 10}" dx="4">${escapeHtml(mark.label)}</text>`;
}

function limitLine(limit: { readonly y: number; readonly label: string }, y: Axis): string {
  const at = px(y.at(limit.y));
  return `<line class="mark" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="marked" x="${LEFT + 4}" y="${at}" dy="-4">${escapeHtml(limit.label)}</text>`;
}

function seriesLine(series: Series, color: number, x: Axis, y: Axis): string {
  const drawn = series.points.flatMap((point) => (point.y === null ? [] : [{ ...point, y: point.y }]));
  const path = drawn.map((point, index) => `${index === 0 ? "M" : "L"}${px(x.at(point.x))} ${px(y.at(point.y))}`);
  // A curve of hundreds of samples needs no dots.
  const dots = drawn.length > 60 ? [] : drawn.map((point) => dot(series.name, point, color, x, y));
  return `<path class="line s${color}" d="${path.join("")}"/>${dots.join("")}`;
}

function dot(name: string, point: Point & { readonly y: number }, color: number, x: Axis, y: Axis): string {
  const [cx, cy] = [px(x.at(point.x)), px(y.at(point.y))];
  const [low, high] = point.spread ?? [];
  const bar =
    low === undefined || high === undefined
      ? ""
      : `<line class="line s${color}" x1="${cx}" x2="${cx}" y1="${px(y.at(low))}" y2="${px(y.at(high))}"/>`;
  const label = escapeHtml(`${name}: ${tickLabel(Math.round(point.y * 100) / 100)} at ${tickLabel(point.x)}`);
  return `${bar}<circle class="dot s${color}" cx="${cx}" cy="${cy}" r="3.5"><title>${label}</title></circle>`;
}

function legend(series: readonly Series[]): string {
  return series
    .map(
      ({ name }, index) =>
        `<circle class="dot s${index % 8}" cx="${WIDTH - RIGHT + 14}" cy="${TOP + 8 + index * 18}" r="4"/>` +
        `<text class="tick" x="${WIDTH - RIGHT + 24}" y="${TOP + 12 + index * 18}">${escapeHtml(name)}</text>`,
    )
    .join("");
}
