import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { BenchError } from "../../errors.ts";
import { dieWithParent } from "../../servers/die-with-parent.ts";

export interface SpeedChildOptions {
  readonly modelPath: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly longestPauseMs: number;
  /** Load the stock side too. */
  readonly stock: boolean;
}

/** The process that measures: one model, one thread, one CPU. */
export interface SpeedChild {
  /** One at a time. Errors: BenchError `server_failed`. */
  measure<T>(measurement: string, options: Readonly<Record<string, unknown>>): Promise<T>;
  close(): Promise<void>;
}

const script = fileURLToPath(new URL("../../../fixtures/worker-speed/child.mjs", import.meta.url));

/** @param cpu pinned to, where the machine has `taskset` */
export async function startSpeedChild(options: SpeedChildOptions, cpu: number): Promise<SpeedChild> {
  const args = ["-c", String(cpu), process.execPath, script, JSON.stringify(options)];
  const command = dieWithParent({ file: "taskset", args });
  const child = spawn(command.file, command.args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await reply(child);
  return {
    async measure<T>(measurement: string, wanted: Readonly<Record<string, unknown>>): Promise<T> {
      child.send({ measurement, options: wanted });
      // The fixture is ours: its responses are what scenarios.ts says.
      return (await reply(child)) as T;
    },
    async close() {
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}

async function reply(child: ChildProcess): Promise<unknown> {
  const lost = new AbortController();
  try {
    const ended = once(child, "exit", { signal: lost.signal }).then(([code]) => ({ error: `it ended with ${code}` }));
    const failed = once(child, "error", { signal: lost.signal }).then(([error]) => ({ error: String(error) }));
    const told = once(child, "message", { signal: lost.signal }).then(([message]) => message as object);
    const message = await Promise.race([told, ended, failed]);
    if ("error" in message) throw new BenchError("server_failed", `The measuring process failed: ${message.error}`);
    return (message as { readonly result: unknown }).result;
  } finally {
    lost.abort();
  }
}
