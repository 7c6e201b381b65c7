import { availableParallelism } from "node:os";
import { type Settings, workerSettingPaths } from "@drover/config";
import { workerArguments } from "@drover/contract/worker-options";
import { homeFolder } from "@drover/foundation/files/user-folders";
import { SupervisorError } from "@drover/supervisor/errors";
import type { Command, Invocation } from "../line/command.ts";
import { fetchHere } from "../terminal/fetch-here.ts";

export const worker: Command = {
  settings: ["model", "workers.threads", "workers.slots", "workers.context", ...workerSettingPaths, "log.level"],
  flags: { port: { type: "number", alias: "p", default: 8081, doc: "Port on 127.0.0.1; 0 takes a free one" } },
  examples: [["drover worker -m model.gguf -p 8081 -t 4 -s 8 -c 4096", "the same that `drover up` runs"]],
  run: async (invocation) => {
    const { settings } = invocation.settings();
    const port = await portOf(invocation);
    const { execa } = await import("execa");
    const { workerMain, workerOptions } = await import("@drover/supervisor/process");
    const model = await fetchHere(invocation, settings.model);
    await requireMemory(settings, model.path);
    const threads = settings.workers.threads === "auto" ? availableParallelism() : settings.workers.threads;
    const words = [workerMain(), ...workerArguments(workerOptions(settings, model, { port, threads }))];
    const env = { HOME: homeFolder() };
    const child = execa(process.execPath, words, { env, stdio: "inherit", reject: false, buffer: false });
    // The terminal sends Ctrl-C to both; the worker finishes what runs, and this waits for it.
    const pass = (signal: NodeJS.Signals) => void child.kill(signal);
    process.on("SIGINT", () => {});
    process.on("SIGTERM", pass);
    const { exitCode, signal } = await child;
    if (exitCode === 0 || signal === "SIGTERM" || signal === "SIGINT") return 0;
    if (exitCode === 1) return 3;
    throw new SupervisorError("worker_failed", `the worker ended with ${signal ?? `code ${exitCode ?? "unknown"}`}`);
  },
};

/** Looked at first, because the worker itself would find out only with the model loaded. */
async function portOf(invocation: Invocation): Promise<number> {
  const port = invocation.number("port") ?? 8081;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new SupervisorError(
      "usage",
      `--port is ${invocation.text("port")}, but must be a whole number from 0 to 65535`,
    );
  }
  const { findFreePort } = await import("@drover/supervisor/process");
  if (port !== 0 && (await findFreePort(port, new Set())).taken.includes(port)) {
    throw new SupervisorError(
      "listen_failed",
      `port ${port} on 127.0.0.1 is in use or not allowed; choose another --port`,
    );
  }
  return port;
}

/** What can't fit would have the machine swap, and then the kernel kill, for minutes. */
async function requireMemory({ workers }: Settings, modelPath: string): Promise<void> {
  const { readModelInfo } = await import("@drover/models");
  const { makePlan, readTopology, refusal } = await import("@drover/supervisor/placement");
  const plan = makePlan(
    readTopology(),
    { workers: { ...workers, count: 1, snapshots: "off" } },
    await readModelInfo(modelPath),
    { freeBytes: 0 },
  );
  const refused = refusal(plan);
  if (refused !== undefined) throw new SupervisorError("memory_short", refused);
}
