/**
 * A worker without an engine, for tests: speaks @drover/contract/ipc over IPC when it has a parent, and OpenAI's
 * HTTP. What it does wrong is in its script (script.ts). Arguments that it does not know are ignored, so it can be
 * started instead of the real worker, also with its JSON argument. usage: fake-worker.js [OPTIONS] [--port N] [--slots N] [--script JSON] …
 */
import type { AddressInfo } from "node:net";
import type { WorkerOptions } from "@drover/contract/worker-options";
import { PROTOCOL_VERSION, SECRET_ENV, type SupervisorMessage, type WorkerMessage } from "@drover/contract/ipc";
import { changeScript, DEFAULT_SCRIPT } from "./script.ts";
import { createFakeServer, type FakeState } from "./server.ts";

const flag = (name: string): string | undefined => {
  const at = process.argv.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const word = process.argv[at];
  return word?.includes("=") === true ? word.slice(name.length + 3) : at < 0 ? undefined : process.argv[at + 1];
};
/** The real worker's only argument is its options as JSON. */
const options = readOptions(process.argv[2]);

const fromEnvironment = changeScript(DEFAULT_SCRIPT, process.env["FAKE_WORKER"] ?? "{}");
const withSlots = { ...fromEnvironment, slots: Number(flag("slots") ?? options.slots ?? fromEnvironment.slots) };
const state: FakeState = {
  script: changeScript(withSlots, flag("script") ?? "{}"),
  stats: { requests: 0, active: 0, maxActive: 0, completed: 0, aborted: 0, tokens: 0 },
};
const server = createFakeServer(state, process.env[SECRET_ENV]);

function readOptions(word: string | undefined): Partial<WorkerOptions> {
  return word?.startsWith("{") === true ? (JSON.parse(word) as WorkerOptions) : {};
}

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}

function end(): void {
  if (!state.script.ignoreTerm) process.exit(0);
}

function obey(message: SupervisorMessage): void {
  if (message.type === "shutdown") end();
}

function beat(): void {
  const { active } = state.stats;
  if (state.script.mute) return;
  const steps = state.script.stuckSteps ? 0 : state.stats.tokens;
  tell({ type: "heartbeat", steps, active, busySlots: Math.min(active, state.script.slots) });
}

function begin(): void {
  if (state.script.start === "never") return;
  if (state.script.start === "exit") process.exit(1);
  if (state.script.start === "failed") {
    const failed: WorkerMessage = { type: "failed", code: "model_unloadable", message: "scripted failure at start" };
    if (process.send === undefined) process.exit(1);
    process.send(failed, () => process.exit(1));
    return;
  }
  tell({ type: "loading", progress: 1 });
  server.listen(Number(flag("port") ?? options.port ?? 0), "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ listening: port })}\n`);
    tell({ type: "ready", protocol: PROTOCOL_VERSION, port, model: "fake", slots: state.script.slots });
  });
}

server.on("error", (error: NodeJS.ErrnoException) => {
  tell({ type: "failed", code: "port_in_use", message: error.message });
  setImmediate(() => process.exit(1));
});
process.on("SIGTERM", end);
process.on("SIGINT", end);
// A worker never outlives its supervisor; --ignoreTerm tests use SIGKILL instead.
process.on("disconnect", () => process.exit(0));
process.on("message", (message: SupervisorMessage) => obey(message));
tell({ type: "loading", progress: 0 });
setInterval(beat, 1000);
setTimeout(begin, state.script.startDelayMs);
