import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeDemoModel } from "@drover/models";
import type { WorkerOptions } from "@drover/worker/protocol";
import { startWorker } from "./worker-process.ts";

export interface ApiWorker {
  readonly url: string;
  readonly pid: number;
  /** Resolves when all slots are idle, or rejects. */
  idle(limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

interface Health {
  readonly slots_idle: number;
  readonly slots_processing: number;
}

/** A real worker to send HTTP to. `tiny` has random weights, `demo` says one text. */
export async function startApiWorker(model: "tiny" | "demo", options: Partial<WorkerOptions> = {}): Promise<ApiWorker> {
  const folder = mkdtempSync(join(tmpdir(), "drover-api-"));
  const modelPath = join(folder, "demo.gguf");
  if (model === "demo") await writeDemoModel(modelPath);
  const own = model === "demo" ? { modelPath } : {};
  const worker = await startWorker({ contextTokens: 2048, logLevel: "error", ...own, ...options });
  const url = `http://127.0.0.1:${worker.port}`;
  return {
    url,
    pid: worker.child.pid ?? 0,
    idle: (limitMs = 5_000) => untilIdle(url, limitMs),
    close: async () => {
      await worker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilIdle(url: string, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    const now = (await (await fetch(`${url}/health`)).json()) as Health;
    if (now.slots_idle > 0 && now.slots_processing === 0) return;
    if (Date.now() > end) throw new Error(`still busy: ${JSON.stringify(now)}`);
  }
}
