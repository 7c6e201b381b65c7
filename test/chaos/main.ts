/** usage: pnpm test:chaos [--seconds 60] [--seed N] [--workers 4] [--clients 32] [--only NAME …] */
import { parseArgs } from "node:util";
import { percentile } from "./recoveries.ts";
import { runStorm, type StormReport } from "./storm.ts";

const { values } = parseArgs({
  // pnpm hands `--` on.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    workers: { type: "string", default: "4" },
    clients: { type: "string", default: "32" },
    only: { type: "string", multiple: true },
  },
});

const begun = Date.now();
const say = (line: string) =>
  process.stdout.write(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
say(`a storm of ${values.seconds} s with seed ${values.seed}`);
const storm = runStorm({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  workers: Number(values.workers),
  clients: Number(values.clients),
  ...(values.only === undefined ? {} : { actions: values.only }),
  say,
});
try {
  const report = await storm;
  process.stdout.write(`${table(report)}\n`);
  if (report.violations.length > 0) fail();
  else process.stdout.write("no harm done\n");
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
  fail();
}

function fail(): void {
  process.stdout.write(`FAILED. To replay: pnpm test:chaos --seconds ${values.seconds} --seed ${values.seed}\n`);
  process.exitCode = 1;
}

function table({ clients, actions, recoveries, violations }: StormReport): string {
  const causes = [...new Set(recoveries.map(({ cause }) => cause))];
  const rows = [...causes, "all"].map((cause) => {
    const times = recoveries.filter((one) => cause === "all" || one.cause === cause).map(({ tookMs }) => tookMs);
    const figures = [times.length, percentile(times, 0.5), percentile(times, 0.95), Math.max(0, ...times)];
    return `  ${cause.padEnd(62)}${figures.map((figure) => String(figure).padStart(8)).join("")}`;
  });
  return [
    "",
    "trouble made",
    ...Object.entries(actions).map(([name, count]) => `  ${name.padEnd(62)}${String(count).padStart(8)}`),
    "requests",
    ...Object.entries(clients.counts).map(([name, count]) => `  ${name.padEnd(62)}${String(count).padStart(8)}`),
    `  by status: ${JSON.stringify(clients.statuses)}`,
    `recovery, ms${" ".repeat(52)}   count     p50     p95     max`,
    ...rows,
    "harm",
    ...(violations.length === 0 ? ["  none"] : violations.map((violation) => `  ${violation}`)),
    "",
  ].join("\n");
}
