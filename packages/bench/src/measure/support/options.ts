import { parseArgs } from "node:util";

/**
 * The arguments that every measuring script takes. One that has no use for an argument (the model of a proxy) takes it
 * all the same, so that `bench:all` can pass on its own.
 */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        model: { type: "string" },
        out: { type: "string" },
        rounds: { type: "string" },
        "llama-server": { type: "string" },
      },
    });
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nThere are --quick, --model FILE, --out FOLDER, --rounds N and --llama-server PATH.`,
    );
    return process.exit(2);
  }
}

const { values, positionals } = readArguments();

/** `--quick` shortens a script for a look at its shape, with the demo model; its figures are not for a report. */
export const quick = values.quick;

/** The file of `--model`. */
export const model = values.model;

/** The folder of `--out`, for pages and reports. */
export const out = values.out;

/** The program of `--llama-server`. */
export const llamaServer = values["llama-server"];

/** Arguments without a dash. */
export const names: readonly string[] = positionals;

/** How often everything is measured. */
export function roundsOr(usual: number): number {
  const rounds = Number(values.rounds ?? (quick ? 1 : usual));
  if (Number.isInteger(rounds) && rounds >= 1) return rounds;
  console.error(`--rounds: ${values.rounds} is no whole number of at least 1`);
  return process.exit(2);
}

/** Calls it so often, one after the other. */
export async function repeat<T>(rounds: number, measure: (round: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  while (results.length < rounds) results.push(await measure(results.length));
  return results;
}
