import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSyntheticModel } from "@drover/models";
import { type WorkerOptions, workerArguments } from "@drover/contract/worker-options";
import type { WorkerMessage } from "@drover/contract/ipc";

const MAIN = fileURLToPath(import.meta.resolve("@drover/worker/main"));

/** A real worker on the `tiny` model, without a supervisor's other processes around it. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Resolves with the next message of this type. */
  next<T extends WorkerMessage["type"]>(type: T): Promise<Extract<WorkerMessage, { readonly type: T }>>;
  close(): Promise<void>;
}

/** @param execArgv options of Node for its process */
export async function startWorker(
  options: Partial<WorkerOptions> = {},
  execArgv: readonly string[] = [],
): Promise<WorkerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "drover-worker-"));
  const modelPath = join(folder, "tiny.gguf");
  await writeSyntheticModel("tiny", modelPath, "q8_0");
  const all = { modelPath, port: 0, threads: 1, slots: 4, contextTokens: 512, stepCosts: "off", ...options } as const;
  const child = fork(MAIN, [...workerArguments(all)], {
    execArgv: [...execArgv],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const next = listen(child);
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

interface Waiting {
  readonly type: WorkerMessage["type"];
  readonly resolve: (message: WorkerMessage) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One listener for all messages, from the start: several come at once to a process that was held up, and Node gives those that
 * nobody listens for to the next listener in one go, of which a listener for one message takes the first.
 */
function listen(child: ChildProcess): WorkerProcess["next"] {
  const waiting = new Set<Waiting>();
  let lost: Error | undefined;
  const lose = (error: Error) => {
    lost = error;
    for (const { reject } of waiting) reject(error);
    waiting.clear();
  };
  child.on("message", (message: WorkerMessage) => {
    if (message.type === "failed") return lose(new Error(`${message.code}: ${message.message}`));
    for (const each of waiting) {
      if (each.type !== message.type) continue;
      waiting.delete(each);
      each.resolve(message);
    }
  });
  child.once("exit", (code, by) => lose(new Error(`the worker ended with ${String(code ?? by)}`)));
  return async (type) => {
    const message = await new Promise<WorkerMessage>((resolve, reject) => {
      if (lost === undefined) waiting.add({ type, resolve, reject });
      else reject(lost);
    });
    return message as Extract<WorkerMessage, { readonly type: typeof type }>;
  };
}
