import type { WorkerCgroup } from "./cgroup/worker-cgroup.ts";
import { isDead, processFiles, statOf } from "./process-files.ts";

/** How the processes that a command started are found again, when the command itself may be gone. */
export interface Descent {
  /** Process id of the command: it leads a session and a process group of its own. */
  readonly leader: number;
  /** An entry of its environment, `NAME=value`, that no other process has. */
  readonly mark: string;
  /** Its control group; undefined: there is none. */
  readonly cgroup: WorkerCgroup | undefined;
}

/**
 * Processes that run and come from a command: those of its control group, where it has one, those of its session and
 * process group, and those that left both (`setsid`, `&` in an interactive shell) but still have the mark in their
 * environment. Zombies do not count: where nobody reaps orphans they stay for ever. Linux reads `/proc`; elsewhere the
 * process group alone is asked, and the result is its leader. Source of the method: Jenkins' ProcessTreeKiller.
 */
export function descendantsOf({ leader, mark, cgroup }: Descent): readonly number[] {
  const pids = processFiles.list("").map(Number).filter(Number.isInteger);
  if (pids.length === 0) return isGroupThere(leader) ? [leader] : [];
  const grouped = new Set(cgroup?.pids());
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    const [state, , group, session] = statOf(pid);
    if (isDead(state)) return false;
    if (grouped.has(pid)) return true;
    return Number(group) === leader || Number(session) === leader || environmentOf(pid).includes(`\0${mark}\0`);
  });
}

/** Sends a signal to the entire process group at once, and to each of {@link descendantsOf} that is in another one. Never throws. */
export function signalDescendants(descent: Descent, signal: "SIGTERM" | "SIGKILL"): void {
  if (signal === "SIGKILL") descent.cgroup?.kill();
  const pids = descendantsOf(descent);
  if (pids.length === 0) return;
  send(-descent.leader, signal);
  for (const pid of pids) if (groupOf(pid) !== descent.leader) send(pid, signal);
}

function groupOf(pid: number): number {
  return Number(statOf(pid)[2]);
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
