import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeDemoModel } from "@drover/models";
import type { WorkerOptions } from "@drover/contract/worker-options";
import { until } from "./until.ts";
import { startWorker } from "./worker-process.ts";

export interface ApiWorker {
  readonly url: string;
  readonly pid: number;
  /** Resolves when all slots are idle. */
  idle(): Promise<void>;
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
    idle: () => until(() => isIdle(url), "all slots are idle"),
    close: async () => {
      await worker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isIdle(url: string): Promise<boolean> {
  const health = (await (await fetch(`${url}/health`)).json()) as Health;
  return health.slots_idle > 0 && health.slots_processing === 0;
}
