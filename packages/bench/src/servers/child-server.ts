import { execa } from "execa";
import { pause, systemClock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import { BenchError } from "../errors.ts";
import type { WatchedProcess } from "../load/process-watch.ts";
import { dieWithParent } from "./die-with-parent.ts";
import { processTree } from "./process-tree.ts";

export interface ChildServerOptions {
  /** For messages: "drover up", "nginx". */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Ready once this address responds with 200. */
  readonly readyUrl: string;
  /** @default 10 minutes, for a server that reads a model */
  readonly readyTimeoutMs?: number | undefined;
  /** Asked further once the address responds; false: not yet. */
  readonly isReady?: (() => Promise<boolean>) | undefined;
  /** Called once it has ended, however it did. */
  readonly onGone?: (() => unknown) | undefined;
  readonly signal: AbortSignal;
}

/** A server that this process started and ends. */
export interface ChildServer {
  readonly pid: number;
  /** Itself and all that it has started, under this name. */
  processes(name: string): readonly WatchedProcess[];
  /** TERM, then KILL; resolves when it has ended. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 600_000;
const POLL_MS = 200;
const GRACE_MS = 15_000;
const KEPT_LINES = 12;

/**
 * Starts a server and waits until it can serve.
 * @throws BenchError `server_failed` with the end of its output where it ends or stays unready
 */
export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const command = dieWithParent(options);
  const child = execa(command.file, [...command.args], {
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    cleanup: true,
    forceKillAfterDelay: GRACE_MS,
    env: { ...options.environment },
  });
  const tail: string[] = [];
  child.all.setEncoding("utf8").on("data", (text: string) => {
    tail.push(...text.split("\n").filter((line) => line.trim() !== ""));
    tail.splice(0, Math.max(0, tail.length - KEPT_LINES));
  });
  const ended = new AbortController();
  const waitGone = async () => {
    const result = await child;
    // Without a word from the program itself, why it could not run at all: not installed, not executable.
    if (tail.length === 0 && result.failed) tail.push(result.originalMessage ?? String(result.exitCode));
    ended.abort();
    await options.onGone?.();
  };
  const gone = waitGone();
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
  };
  const untilMs = systemClock.monotonicMs() + (options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  while (!(await responds(options))) {
    const late = systemClock.monotonicMs() > untilMs;
    if (!late && !ended.signal.aborted && !options.signal.aborted) {
      await pause(systemClock, POLL_MS, options.signal);
      continue;
    }
    const why = ended.signal.aborted ? "ended" : late ? "did not get ready in time" : "was interrupted";
    await stop();
    throw new BenchError("server_failed", [`${options.name} ${why}`, ...tail].join("\n  "));
  }
  const pid = child.pid ?? 0;
  return { pid, processes: (ofName) => processTree(pid).map((each) => ({ name: ofName, pid: each })), stop };
}

async function responds({ readyUrl, isReady }: ChildServerOptions): Promise<boolean> {
  const result = await httpGet(readyUrl, { timeoutMs: 2000, clock: systemClock });
  if (!result.responded || result.status !== 200) return false;
  try {
    return (await isReady?.()) ?? true;
  } catch {
    return false;
  }
}
