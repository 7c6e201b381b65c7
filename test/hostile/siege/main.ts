/** usage: pnpm test:hostile [--seconds 60] [--seed N] [--only NAME …] */
import { parseArgs } from "node:util";
import { runSiege, type SiegeReport } from "./siege.ts";

const { values } = parseArgs({
  // pnpm hands `--` on.
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    only: { type: "string", multiple: true },
  },
});

const begun = Date.now();
const say = (line: string) =>
  process.stdout.write(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
say(`hostile requests for ${values.seconds} s with seed ${values.seed}`);
const report = await runSiege({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  ...(values.only === undefined ? {} : { attacks: values.only }),
  say,
});
process.stdout.write(`${table(report)}\n`);
if (report.harm.length > 0) {
  process.stdout.write(`FAILED. To replay: pnpm test:hostile --seconds ${values.seconds} --seed ${values.seed}\n`);
  process.exitCode = 1;
} else process.stdout.write("no harm done\n");

function table({ attacks, statuses, honest, workersReplaced, growth, harm }: SiegeReport): string {
  return [
    "",
    "hostile",
    ...Object.entries(attacks).map(([name, count]) => row(name, count)),
    `  by status: ${JSON.stringify(statuses)}`,
    "honest requests",
    row("in all, failed", honest.count, honest.failed),
    row("delayed by over 1 s", honest.delayed),
    row("longest in calm, under attack (ms)", Math.round(honest.calmMs), Math.round(honest.longestMs)),
    row("workers replaced", workersReplaced),
    `growth${" ".repeat(36)}      before       after`,
    ...growth.map(({ name, before, after }) => row(name, before, after)),
    "harm",
    ...(harm.length === 0 ? ["  none"] : harm.map((one) => `  ${one}`)),
    "",
  ].join("\n");
}

function row(name: string, ...figures: readonly (string | number)[]): string {
  return `  ${name.padEnd(40)}${figures.map((figure) => String(figure).padStart(12)).join("")}`;
}
