/**
 * Prints the figures of the worker's speed: `pnpm bench:worker [--rounds N] [--cpu N]
 * [--models DIRECTORY] [--model FILE] [--pure] [SCENARIO …]`. `--pure`: all matrices in the scenario's encoding, the output matrix too; `--model`: another model instead. Needs a quiet machine: both sides of each ratio alternate on one CPU, and the
 * median of the rounds counts, but what other processes take is missing all the same.
 */
import { access, mkdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSyntheticModel } from "@drover/models";
import { figureLine } from "./figures.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { startSpeedChild } from "./speed-child.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    cpu: { type: "string", default: "0" },
    models: { type: "string", default: join(tmpdir(), "drover-bench-models") },
    model: { type: "string" },
    pure: { type: "boolean", default: false },
    // What `bench:all` passes on to every script, and is nothing here.
    quick: { type: "boolean", default: false },
    out: { type: "string" },
    "llama-server": { type: "string" },
  },
});

const preset = "deepseek-r1-distill-qwen-1.5b";
const wanted = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (wanted.length === 0) {
  print(`There is no such scenario. Choose from: ${scenarios.map(({ name }) => name).join(", ")}.`);
  process.exitCode = 2;
}
for (const scenario of wanted) await run(scenario);

async function run(scenario: Scenario): Promise<void> {
  const { name, quantization, slots, stock } = scenario;
  const modelPath = values.model ?? (await synthetic(quantization));
  const shapes = `the shapes of ${preset} in ${quantization}${values.pure ? ", pure" : ""}`;
  print(`\n${name}: ${values.model ?? shapes}, ${slots} slots, 1 thread on CPU ${values.cpu}`);
  const options = { modelPath, slots, contextTokens: 2048, longestPauseMs: 1500, stock };
  const child = await startSpeedChild(options, Number(values.cpu));
  try {
    print(`step costs, ms: ${JSON.stringify(await child.measure("costs", {}))}`);
    for await (const figure of scenario.measure(child, Number(values.rounds))) print(figureLine(figure));
  } finally {
    await child.close();
  }
}

async function synthetic(quantization: string): Promise<string> {
  const path = join(values.models, `r1-1.5b-${quantization}${values.pure ? "-pure" : ""}.gguf`);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) {
    await mkdir(values.models, { recursive: true });
    const own = `${path}.${process.pid}`;
    await writeSyntheticModel(preset, own, quantization, { pure: values.pure });
    await rename(own, path);
  }
  return path;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
