// Builds what is not built: the console's page, then every package. Says so where it takes more than a moment, as it does the first time.
import "../packages/foundation/require-node.js";
import { spawn } from "node:child_process";
import { once } from "node:events";

const SILENCE_MS = 500;

const notice = setTimeout(
  () => console.error("Compiling Drover: about 10 seconds the first time, later only what has changed."),
  SILENCE_MS,
);
process.exitCode = (await run("node", "packages/console/build.mjs")) || (await run("tsc", "-b"));
clearTimeout(notice);

async function run(program, ...given) {
  const [code] = await once(spawn(program, given, { stdio: "inherit" }), "exit");
  return code ?? 1;
}
