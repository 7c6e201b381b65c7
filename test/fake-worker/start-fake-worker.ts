import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FakeScript } from "./script.ts";
import type { FakeStats } from "./server.ts";

/** The compiled fake worker, to be spawned instead of the real one. */
export const FAKE_WORKER_PATH = fileURLToPath(new URL("./fake-worker.js", import.meta.url));

/** A fake worker that runs alone, without a supervisor. */
export interface RunningFakeWorker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Changes its behaviour from the next request on. */
  change(script: Partial<FakeScript>): Promise<void>;
  stats(): Promise<FakeStats>;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts one on a free port (or `port`) and waits until it listens. */
export async function startFakeWorker(script: Partial<FakeScript> = {}, port = 0): Promise<RunningFakeWorker> {
  const words = [FAKE_WORKER_PATH, "--port", String(port), "--script", JSON.stringify(script)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, "line") as Promise<[string]>;
  const first = await Promise.race([line, gone.then(() => undefined)]);
  if (first === undefined) throw new Error("the fake worker ended before it listened");
  const { listening } = JSON.parse(first[0]) as { listening: number };
  const url = `http://127.0.0.1:${listening}`;
  return {
    url,
    port: listening,
    pid: child.pid ?? 0,
    async change(change) {
      const response = await fetch(`${url}/fake/script`, { method: "POST", body: JSON.stringify(change) });
      if (!response.ok) throw new Error(`the fake worker refused ${JSON.stringify(change)}`);
    },
    async stats() {
      return (await (await fetch(`${url}/fake/stats`)).json()) as FakeStats;
    },
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
