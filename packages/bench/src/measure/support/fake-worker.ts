import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { dieWithParent } from "../../servers/die-with-parent.ts";
import { type MeasuredServer, stoppedOnInterrupt } from "./session.ts";

/** The tests' scripted worker, as a process: nothing here imports from the tests. */
const script = fileURLToPath(new URL("../../../../../test/dist/fake-worker/fake-worker.js", import.meta.url));

/** What it does with each request. */
export interface KnownDelays {
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly tokens: number;
}

/** Starts a server whose delays are known, and waits until it listens. */
export async function startFakeWorker(delays: KnownDelays): Promise<MeasuredServer> {
  const args = [script, "--port", "0", "--script", JSON.stringify(delays)];
  const command = dieWithParent({ file: process.execPath, args });
  const child = spawn(command.file, command.args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), "line"), gone])) as [unknown];
  if (typeof line !== "string") throw new Error("the fake worker ended before it listened; run pnpm build");
  const { listening } = JSON.parse(line) as { readonly listening: number };
  const end = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  return { url: `http://127.0.0.1:${listening}`, pid: child.pid ?? 0, stop: stoppedOnInterrupt(end) };
}
