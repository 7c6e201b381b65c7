/**
 * Prints the figures of the worker's speed: `pnpm bench:worker [--rounds N] [--cpu N]
 * [--model FILE] [--pure] [SCENARIO …]`. `--pure`: all matrices in the scenario's encoding, the output matrix too; `--model`: another model instead. Needs a quiet machine: both sides of each ratio alternate on one CPU, and the
 * median of the rounds counts, but what other processes take is missing all the same.
 */
import { MODEL_SHAPES, syntheticModel } from "../support/drover.ts";
import { cpu, model, names, pure, roundsOr } from "../support/options.ts";
import { figureLine } from "./figures.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { startSpeedChild } from "./speed-child.ts";

const wanted = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
if (wanted.length === 0) {
  console.log(`There is no such scenario. Choose from: ${scenarios.map(({ name }) => name).join(", ")}.`);
  process.exitCode = 2;
}
for (const scenario of wanted) await run(scenario);

async function run({ name, quantization, slots, stock, measure }: Scenario): Promise<void> {
  const modelPath = model ?? (await syntheticModel(quantization, pure));
  const shapes = `the shapes of ${MODEL_SHAPES} in ${quantization}${pure ? ", pure" : ""}`;
  console.log(`\n${name}: ${model ?? shapes}, ${slots} slots, 1 thread on CPU ${cpu}`);
  const options = { modelPath, slots, contextTokens: 2048, longestPauseMs: 1500, stock };
  const child = await startSpeedChild(options, Number(cpu));
  try {
    console.log(`step costs, ms: ${JSON.stringify(await child.measure("costs", {}))}`);
    for await (const figure of measure(child, roundsOr(3))) console.log(figureLine(figure));
  } finally {
    await child.close();
  }
}
