import type { Environment } from "@drover/config";
import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";
import { systemClock } from "@drover/foundation/clock";
import { processFiles, readStartTime, statOf } from "../../process/process-files.ts";

const LOOK_EVERY_MS = 1000;
/** Programs that run a script and do not hand signals on to what they started. */
const RUNNER = /(?:^|[\s/])(?:npx|npm|pnpm)\b|^(?:\S*\/)?(?:sh|dash|bash)\s-c\s/;

/** Those of them that know of packages: one is above each process that `pnpm start` has started. */
const PACKAGE_MANAGER = /(?:^|[\s/])(?:npx|npm|pnpm)\b/;
const NPX = /(?:^|[\s/])(?:npx|npm)\b/;
/** In the path of what npx runs. */
const NPX_CACHE = "/_npx/";

/**
 * Tells when the program that has started this one by `pnpm start`, such as npx, is gone: a `kill` of it would otherwise
 * leave the service running, since none of those programs passes the signal on. Returns what ends the watch; nothing to
 * watch where another program started it, and elsewhere than under Linux.
 */
export function watchLauncher(environment: Environment, onGone: (what: string) => void): () => void {
  if (environment["npm_lifecycle_event"] !== "start") return () => {};
  const { runners, above } = runnersAbove(process.ppid);
  const already = goneBefore(runners, above, environment["npm_execpath"]?.includes(NPX_CACHE) === true);
  if (already !== undefined) {
    onGone(`${already} has ended`);
    return () => {};
  }
  const stop = systemClock.every(LOOK_EVERY_MS, () => {
    const gone = runners.find(({ pid, startTime }) => readStartTime(pid) !== startTime);
    if (gone === undefined) return;
    stop();
    onGone(`${nameOf(gone)} has ended`);
  });
  return stop;
}

/** A program, by its command line. */
interface Program {
  readonly pid: number;
  readonly command: string;
}

interface Runner extends Program {
  readonly startTime: string | undefined;
}

/**
 * Which of the programs that must stand above this one was killed while they still installed or built.
 *
 * @param runners from the nearest on
 * @param above what stands above all of them
 */
export function goneBefore(
  runners: readonly Pick<Program, "command">[],
  above: Program,
  isByNpx: boolean,
): string | undefined {
  // Orphans come to one of these, which start services too, but not without the program above the script.
  const isOrphaned = (above.pid === 1 && !RUNNER.test(above.command)) || /(?:^|\/)systemd\b/.test(above.command);
  if (!isOrphaned) return undefined;
  if (!runners.some(({ command }) => PACKAGE_MANAGER.test(command))) return "pnpm";
  return isByNpx && !runners.some(({ command }) => NPX.test(command)) ? "npx" : undefined;
}

function runnersAbove(pid: number): { readonly runners: readonly Runner[]; readonly above: Program } {
  const command = (processFiles.read(`${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  if (pid <= 1 || !RUNNER.test(command)) return { runners: [], above: { pid, command } };
  const { runners, above } = runnersAbove(statOf(pid)?.parent ?? 0);
  return { runners: [{ pid, command, startTime: readStartTime(pid) }, ...runners], above };
}

function nameOf({ command }: Program): string {
  return /\b(?:npx|pnpm|npm)\b/.exec(command)?.[0] ?? "the shell that started it";
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
