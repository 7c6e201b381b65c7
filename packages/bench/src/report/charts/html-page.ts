import type { Rows } from "../bench-rows.ts";
import { escapeHtml } from "./svg.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --paper: #fff; --card: #f6f8fa; --mark: #bc4c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --grid: #3d444d; --paper: #0d1117; --card: #151b23; --mark: #f0883e; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 1360px; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } .soft { color: var(--soft); margin-top: 0; }
.verdict { background: var(--card); border-left: 4px solid #0969da; padding: 0.6rem 1rem; margin: 1rem 0; font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--card); border-radius: 8px; padding: 0.8rem; } svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
.title { font: 600 14px system-ui, sans-serif; fill: var(--ink); } .tick { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--grid); stroke-width: 1; } .mark { stroke: var(--mark); stroke-dasharray: 5 4; } .marked { font: 11px system-ui, sans-serif; fill: var(--mark); }
.line { fill: none; stroke: var(--c); stroke-width: 2; } .dot, .bar { fill: var(--c); }
.s0 { --c: #0969da; } .s1 { --c: #bc4c00; } .s2 { --c: #1a7f37; } .s3 { --c: #8250df; } .s4 { --c: #bf3989; } .s5 { --c: #9a6700; } .s6 { --c: #1b7c83; } .s7 { --c: #57606a; }
@media (prefers-color-scheme: dark) { .s0 { --c: #4493f8; } .s1 { --c: #f0883e; } .s2 { --c: #3fb950; } .s3 { --c: #ab7df8; } .s4 { --c: #db61a2; } .s5 { --c: #d29922; } .s6 { --c: #39c5cf; } .s7 { --c: #9198a1; } }
`;

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** The result in a sentence or two, shown first. */
  readonly verdicts: readonly string[];
  readonly tables: readonly Rows[];
  /** SVG pictures. */
  readonly plots: readonly string[];
  readonly notes: readonly string[];
  /** All figures, embedded for who wants to work on with them. */
  readonly data: unknown;
}

/** One page that needs nothing else: no script, no font, no network. */
export function htmlPage(page: Page): string {
  const json = JSON.stringify(page.data).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(page.title)}</title><style>${STYLE}</style></head>
<body>
<h1>${escapeHtml(page.title)}</h1>
<p class="soft">${escapeHtml(page.subtitle)}</p>
${page.verdicts.map((verdict) => `<p class="verdict">${escapeHtml(verdict)}</p>`).join("\n")}
<div class="plots">${page.plots.map((plot) => `<figure>${plot}</figure>`).join("\n")}</div>
${page.tables.map(tableHtml).join("\n")}
<h2>How to read this</h2>
<ul>${page.notes.map((note) => `<li>${escapeHtml(note)}</li>`).join("\n")}</ul>
<script type="application/json" id="figures">${json}</script>
</body>
</html>
`;
}

function tableHtml(table: Rows): string {
  const head = table.head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join("");
  const rows = table.rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`);
  return `<h2>${escapeHtml(table.title)}</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}
