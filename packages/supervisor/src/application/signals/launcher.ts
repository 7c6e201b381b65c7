import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";
import type { Clock } from "@drover/foundation/clock";
import { processFiles, readStartTime } from "../../process/process-files.ts";

const LOOK_EVERY_MS = 1000;
/** Programs that run a script and do not hand signals on to what they started. */
const RUNNER = /(?:^|[\s/])(?:npx|npm|pnpm)\b|^(?:\S*\/)?(?:sh|dash|bash)\s-c\s/;

/**
 * Tells when the program that has started this one by `pnpm start`, such as npx, is gone: a `kill` of it would otherwise
 * leave the service running, since none of those programs passes the signal on. Returns what ends the watch; nothing to
 * watch where another program started it, and elsewhere than under Linux.
 */
export function watchLauncher(
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  onGone: (what: string) => void,
): () => void {
  if (environment["npm_lifecycle_event"] !== "start") return () => {};
  const runners = runnersAbove(process.ppid);
  const stop = clock.every(LOOK_EVERY_MS, () => {
    const gone = runners.find(({ pid, startTime }) => readStartTime(pid) !== startTime);
    if (gone === undefined) return;
    stop();
    onGone(`${gone.name} has ended`);
  });
  return stop;
}

interface Runner {
  readonly pid: number;
  readonly startTime: string | undefined;
  readonly name: string;
}

function runnersAbove(pid: number): readonly Runner[] {
  const command = (processFiles.read(`${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  if (pid <= 1 || !RUNNER.test(command)) return [];
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(processFiles.read(`${pid}/status`) ?? "")?.[1] ?? 0);
  const name = /\b(?:npx|pnpm|npm)\b/.exec(command)?.[0] ?? "the shell that started it";
  return [{ pid, startTime: readStartTime(pid), name }, ...runnersAbove(parent)];
}

const hadTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));

/** Whether the terminal that this process was started in has been closed, which the kernel tells by SIGHUP too. */
export function hasLostTerminal(): boolean {
  if (!hadTerminal) return false;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return false;
  } catch {
    return true;
  }
}
