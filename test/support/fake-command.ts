import { FAKE_WORKER_PATH } from "../fake-worker/start-fake-worker.ts";
import type { FakeScript } from "../fake-worker/script.ts";
import type { WorkerRow } from "./drover-process.ts";
import { environmentOf } from "./processes.ts";

/** `--worker-command` of a scripted worker that speaks Drover's protocol. */
export function fakeCommand(script: Partial<FakeScript> = {}): string {
  return `${process.execPath} ${FAKE_WORKER_PATH} --port {port} --script '${JSON.stringify(script)}'`;
}

/** Asks a running fake worker of a drover directly; Linux only, because its secret stands in its environment. */
export async function askFake(row: WorkerRow, path: string, body: object): Promise<Response> {
  const secret =
    environmentOf(row.pid ?? 0)
      .find((entry) => entry.startsWith("DROVER_WORKER_SECRET="))
      ?.split("=")[1] ?? "";
  return await fetch(`http://127.0.0.1:${row.port}${path}`, {
    method: "POST",
    headers: { "x-drover-secret": secret },
    body: JSON.stringify(body),
  });
}

/** Changes what a running fake worker does from its next request on. */
export async function changeFake(row: WorkerRow, script: Partial<FakeScript>): Promise<void> {
  const response = await askFake(row, "/fake/script", script);
  if (!response.ok) throw new Error(`the fake worker refused: ${await response.text()}`);
}
