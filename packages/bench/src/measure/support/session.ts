import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChildServer } from "../../servers/child-server.ts";
import { type CommandLine, dieWithParent } from "../../servers/die-with-parent.ts";

/** A folder of this run, removed at its end. */
export const scratch = mkdtempSync(join(tmpdir(), "drover-measure-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

type Stop = () => Promise<unknown>;

const stops = new Set<Stop>();
let isEnding = false;
for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => void end(code));

async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await Promise.allSettled([...stops].map((stop) => stop()));
  // What was captured until then is printed first.
  setImmediate(() => process.exit(code));
}

/** Calls `stop` when a signal ends the script. @returns what forgets it again */
export function onInterrupt(stop: Stop): () => void {
  stops.add(stop);
  return () => void stops.delete(stop);
}

/** `stop`, which a signal that ends the script calls as well. */
export function stoppedOnInterrupt(stop: Stop): () => Promise<void> {
  const forget = onInterrupt(stop);
  return async () => {
    await stop();
    forget();
  };
}

/** A server of a measurement. */
export interface MeasuredServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server that listens on this port, and waits until its `/health` responds. */
export async function startServer(name: string, port: number, command: CommandLine): Promise<MeasuredServer> {
  const url = `http://127.0.0.1:${port}`;
  const { signal } = new AbortController();
  const server = await startChildServer({
    name,
    ...command,
    readyUrl: `${url}/health`,
    readyTimeoutMs: READY_TIMEOUT_MS,
    signal,
  });
  return { url, pid: server.pid, stop: stoppedOnInterrupt(() => server.stop()) };
}

const READY_TIMEOUT_MS = 60_000;

export interface RunOptions {
  /** Keep the standard output instead of passing it on. */
  readonly capture?: boolean | undefined;
}

/** Runs a command to its end; its title is printed first. The command ends with this process, however that ends. */
export async function run(
  title: string,
  file: string,
  args: readonly string[],
  { capture = false }: RunOptions = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  if (isEnding) await forever();
  console.log(title);
  const command = dieWithParent({ file, args });
  const child = spawn(command.file, command.args, {
    stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
  });
  const closed = once(child, "close") as Promise<[code: number | null]>;
  // TERM, even for Ctrl-C: a terminal has sent that to the child as well, and a second one would cut off its report.
  const forget = onInterrupt(() => {
    child.kill("SIGTERM");
    return closed;
  });
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const [code] = await closed;
  forget();
  if (isEnding && !capture) await forever();
  return { code: code ?? 1, stdout };
}

/** Interrupted: what would come next must not begin. */
function forever(): Promise<never> {
  return new Promise(() => {});
}
