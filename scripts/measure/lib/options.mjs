// The words that every measuring script takes; one that has no use for a word (the model of a proxy) takes it all the same,
// so that `bench:all` can hand its own on.
import { parseArgs } from "node:util";

function readWords() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        model: { type: "string" },
        out: { type: "string" },
        rounds: { type: "string" },
      },
    });
  } catch (error) {
    console.error(`${error.message}\nThere are --quick, --model FILE, --out FOLDER and --rounds N.`);
    return process.exit(2);
  }
}

const { values, positionals } = readWords();

/** `--quick` shortens a script for a look at its shape; its figures are not for a report. */
export const { quick, out, model } = values;

/** Words without a dash. */
export const names = positionals;

/** How often everything is measured. */
export function roundsOr(usual) {
  const rounds = Number(values.rounds ?? (quick ? 1 : usual));
  if (Number.isInteger(rounds) && rounds >= 1) return rounds;
  console.error(`--rounds: ${values.rounds} is no whole number of at least 1`);
  return process.exit(2);
}
