import { sizeText } from "@drover/foundation/texts";
import { machineText } from "../machine.ts";
import type { TuneReport } from "../tune/run-tune.ts";
import { rank, type Standing } from "../tune/standings.ts";
import type { Rows } from "./bench-rows.ts";
import { meanOf } from "./compare-rows.ts";
import { escapeHtml, px, svgPicture } from "./charts/svg.ts";
import { showMs, showNumber } from "./figures.ts";
import { createAxis, tickLabel } from "./charts/axis.ts";
import { plainTable } from "./plain-table.ts";
import { htmlPage } from "./charts/html-page.ts";

/** What was tried, for a terminal or a pipe. */
export function tuneTable(report: TuneReport, columns?: number): string {
  const table = plainTable(tuneRows(report), { columns, keys: 2 });
  return [headline(report), table, ...report.verdicts, ...report.notes, ""].join("\n");
}

/** What was tried, as one self-contained page. */
export function tunePage(report: TuneReport): string {
  return htmlPage({
    title: `drover tune: ${report.preset}`,
    subtitle: headline(report),
    verdicts: report.verdicts,
    plots: [intervalPlot(rank(report.standings))],
    tables: [tuneRows(report)],
    notes: report.notes,
    data: report,
  });
}

function headline({ machine, model, preset, users, startedAt, tookMs }: TuneReport): string {
  return `${model}, ${users} users of ${preset}, ${machineText(machine)}, ${startedAt}, took ${showMs(tookMs)}`;
}

function tuneRows(report: TuneReport): Rows {
  const head = [
    "",
    "configuration",
    "times",
    "tokens/s",
    "95% interval",
    "response p95",
    "TTFT p95",
    "ITL p95",
    "memory",
    "out because",
  ];
  const rows = rank(report.standings).map((standing) => [
    standing.name === report.pick.name ? "pick" : "",
    standing.name,
    String(standing.scores.length),
    showNumber(standing.throughput?.value ?? null),
    showBounds(standing),
    ...(["responseP95Ms", "ttftP95Ms", "itlP95Ms"] as const).map((field) =>
      showMs(meanOf(standing.scores.flatMap((score) => score[field] ?? []))),
    ),
    sizeText(Math.max(0, ...standing.scores.map(({ rssBytes }) => rssBytes))),
    standing.unfit?.split("\n")[0] ?? "",
  ]);
  return { title: "What was tried", head, rows };
}

function showBounds({ throughput }: Standing): string {
  if (throughput === undefined || throughput.low === null || throughput.high === null) return "–";
  return `${showNumber(throughput.low)} to ${showNumber(throughput.high)}`;
}

const WIDTH = 640;
const LEFT = 250;
const ROW = 22;

/** One row a configuration: its mean and its interval, best first. */
function intervalPlot(standings: readonly Standing[]): string {
  const measured = standings.filter(({ throughput }) => throughput !== undefined);
  const height = 50 + measured.length * ROW;
  const x = createAxis(
    measured.flatMap(({ throughput }) => [throughput?.value ?? 0, throughput?.high ?? 0]),
    LEFT,
    WIDTH - 30,
  );
  const rows = measured.map(({ name, throughput }, index) => {
    const y = 40 + index * ROW;
    const value = throughput?.value ?? 0;
    const bar = `<line class="line s0" x1="${px(x.at(throughput?.low ?? value))}" x2="${px(x.at(throughput?.high ?? value))}" y1="${y}" y2="${y}"/>`;
    return `<text class="tick" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${escapeHtml(name)}</text>${bar}<circle class="dot s0" cx="${px(x.at(value))}" cy="${y}" r="4"><title>${value.toFixed(1)} tokens/s</title></circle>`;
  });
  const ticks = x.ticks.map(
    (tick) =>
      `<line class="grid" x1="${px(x.at(tick))}" x2="${px(x.at(tick))}" y1="28" y2="${height - 20}"/><text class="tick" x="${px(x.at(tick))}" y="${height - 4}" text-anchor="middle">${tickLabel(tick)}</text>`,
  );
  return svgPicture("tokens/s of each configuration", { width: WIDTH, height, left: 8 }, [...ticks, ...rows]);
}
