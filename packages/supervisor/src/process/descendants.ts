import type { WorkerCgroup } from "./cgroup/worker-cgroup.ts";
import { processFiles, statOf } from "./process-files.ts";

/** How the processes that a command started are found again, when the command itself may be gone. */
export interface Descent {
  /** Process id of the command: it leads a session and a process group of its own. */
  readonly leader: number;
  /** An entry of its environment, `NAME=value`, that no other process has. */
  readonly mark: string;
  /** Its control group; undefined: there is none. */
  readonly cgroup: WorkerCgroup | undefined;
  /** Those that were found, with their start times: one that is ending loses its environment before it lets go of its port. */
  readonly found: Map<number, string>;
}

/**
 * Processes that run and come from a command: those of its control group, where it has one, those of its session and
 * process group, and those that left both (`setsid`, `&` in an interactive shell) but still have the mark in their
 * environment, or had it when they were last looked at. Zombies do not count, unless a thread of theirs still runs:
 * where nobody reaps orphans they stay for ever. Linux reads `/proc`; elsewhere the process group alone is asked, and the
 * result is its leader. Source of the method: Jenkins' ProcessTreeKiller.
 */
export function descendantsOf({ leader, mark, cgroup, found }: Descent): readonly number[] {
  const pids = processFiles.list("").map(Number).filter(Number.isInteger);
  if (pids.length === 0) return isGroupThere(leader) ? [leader] : [];
  const grouped = new Set(cgroup?.pids());
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    const stat = statOf(pid);
    if (stat === undefined || (stat.isDead && !hasThreads(pid))) return false;
    const isOne =
      grouped.has(pid) ||
      stat.group === leader ||
      stat.session === leader ||
      found.get(pid) === stat.startTime ||
      environmentOf(pid).includes(`\0${mark}\0`);
    if (isOne) found.set(pid, stat.startTime);
    return isOne;
  });
}

/** Sends a signal to the entire process group at once, and to each of {@link descendantsOf} that is in another one. Never throws. */
export function signalDescendants(descent: Descent, signal: "SIGTERM" | "SIGKILL"): void {
  if (signal === "SIGKILL") descent.cgroup?.kill();
  const pids = descendantsOf(descent);
  if (pids.length === 0) return;
  send(-descent.leader, signal);
  for (const pid of pids) if (statOf(pid)?.group !== descent.leader) send(pid, signal);
}

/** Of a dead one: its first thread has ended, and the others hold all that it had. */
function hasThreads(pid: number): boolean {
  return processFiles.list(`${pid}/task`).length > 1;
}

/** `pid` negative: the group. */
function send(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself, or has become another user's.
  }
}

function isGroupThere(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

function environmentOf(pid: number): string {
  return `\0${processFiles.read(`${pid}/environ`) ?? ""}`;
}
