import { fileURLToPath } from "node:url";
import { freePort } from "../../servers/free-port.ts";
import { type MeasuredServer, startServer } from "./session.ts";

/** The tests' scripted worker, as a process: nothing here imports from the tests. */
const script = fileURLToPath(new URL("../../../../../test/dist/fake-worker/fake-worker.js", import.meta.url));

/** What it does with each request. */
export interface KnownDelays {
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly tokens: number;
}

/** Starts a server whose delays are known. */
export async function startFakeWorker(delays: KnownDelays): Promise<MeasuredServer> {
  const port = await freePort();
  const args = [script, "--port", String(port), "--script", JSON.stringify(delays)];
  return startServer("the fake worker", port, { file: process.execPath, args });
}
