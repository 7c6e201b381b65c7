// One run of a measuring script: a folder of its own that goes with it, and children that end with it, however it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dieWithParent } from "@drover/bench";

/** Removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), "drover-measure-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const stops = new Set();
let ending = false;
for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.on(signal, async () => {
    if (ending) return;
    ending = true;
    await Promise.allSettled([...stops].map((stop) => stop()));
    // What was captured until then is printed first.
    await new Promise((resolve) => setImmediate(resolve));
    process.exit(code);
  });
}

/** Calls `stop` when a signal ends the script. @returns that forgets it again */
export function onInterrupt(stop) {
  stops.add(stop);
  return () => stops.delete(stop);
}

/** Runs a command to its end, which it prints first. @returns its exit code, and its standard output where `capture` */
export async function run(title, file, words, { capture = false, environment = {} } = {}) {
  if (ending) await forever();
  console.log(title);
  const command = dieWithParent({ file, words });
  const child = spawn(command.file, command.words, {
    stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
    env: { ...process.env, ...environment },
  });
  const closed = once(child, "close");
  // TERM, even for Ctrl-C: a terminal has sent that to the child as well, and a second one would cut off its report.
  const forget = onInterrupt(() => {
    child.kill("SIGTERM");
    return closed;
  });
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
  const [code] = await closed;
  forget();
  if (ending && !capture) await forever();
  return { code: code ?? 1, stdout };
}

/** Interrupted: what would come next must not begin. */
function forever() {
  return new Promise(() => {});
}
