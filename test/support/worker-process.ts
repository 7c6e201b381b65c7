import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSyntheticModel } from "@drover/models";
import { type WorkerMessage, type WorkerOptions, workerArguments } from "@drover/worker/protocol";

const MAIN = fileURLToPath(import.meta.resolve("@drover/worker/main"));

/** A real worker on the `tiny` model, without a supervisor's other processes around it. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Resolves with the next message of this type. */
  next<T extends WorkerMessage["type"]>(type: T): Promise<Extract<WorkerMessage, { readonly type: T }>>;
  close(): Promise<void>;
}

export async function startWorker(options: Partial<WorkerOptions> = {}): Promise<WorkerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "drover-worker-"));
  const modelPath = join(folder, "tiny.gguf");
  await writeSyntheticModel("tiny", modelPath, "q8_0");
  const all = { modelPath, port: 0, threads: 1, slots: 4, contextTokens: 512, stepCosts: "off", ...options } as const;
  const child = fork(MAIN, [...workerArguments(all)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const next: WorkerProcess["next"] = async (type) => {
    for (;;) {
      const message = await heard(child);
      if (message.type === type) return message as Extract<WorkerMessage, { readonly type: typeof type }>;
      if (message.type === "failed") throw new Error(`${message.code}: ${message.message}`);
    }
  };
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { port } = await next("ready");
    return { child, port, next, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function heard(child: ChildProcess): Promise<WorkerMessage> {
  const done = new AbortController();
  const { signal } = done;
  try {
    const lost = once(child, "exit", { signal }).then(([code, by]): never => {
      throw new Error(`the worker ended with ${String(code ?? by)}`);
    });
    const [message] = await Promise.race([once(child, "message", { signal }), lost]);
    return message as WorkerMessage;
  } finally {
    done.abort();
  }
}
