import { pause, systemClock } from "@drover/foundation/clock";
import { descendantsOf, type Descent, signalDescendants } from "../descendants.ts";
import type { OrphanGuard } from "../orphan-guard.ts";
import type { SpawnedProcess } from "../spawned-process.ts";

const LOOK_AGAIN_MS = 50;
/** A process in an uninterruptible call does not heed KILL; the next one must not wait for it for ever. */
const LEFT_OVERS_LIMIT_MS = 5000;

/** What holds all that a command starts. */
export interface CommandSurroundings extends Pick<Descent, "mark" | "cgroup"> {
  /** Follows it until it has ended. */
  readonly guard: OrphanGuard;
}

/** A command of the user's that runs. */
interface CommandParts extends CommandSurroundings, Pick<SpawnedProcess, "send" | "ended"> {
  readonly pid: number;
  readonly onLine: (line: string) => void;
}

/**
 * The command together with all that it started, as one process: a script that starts the server as its child is the
 * ordinary case. Signals go to all of it. It has ended when the command has exited and nothing of it is left: what was
 * asked to end may take its time, what outlives a command that went by itself is killed.
 */
export function ofCommand({ pid, send, ended, mark, cgroup, guard, onLine }: CommandParts): SpawnedProcess {
  const descent: Descent = { leader: pid, mark, cgroup, found: new Map() };
  guard.follow(pid);
  let asked: "SIGTERM" | "SIGKILL" | undefined;
  return {
    pid,
    send,
    signal: (name) => {
      asked = name;
      signalDescendants(descent, name);
    },
    ended: ended.then(async (end) => {
      if (asked === undefined) await endLeftOvers(descent, onLine);
      else await nothingLeft(descent, () => asked === "SIGKILL");
      guard.callOff();
      cgroup?.remove();
      return end;
    }),
  };
}

/** `isKilled`: what was being started as the signal came did not get it, and nobody else will send another. */
async function nothingLeft(
  descent: Descent,
  isKilled: () => boolean,
  limitMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const until = systemClock.monotonicMs() + limitMs;
  while (descendantsOf(descent).length > 0 && systemClock.monotonicMs() < until) {
    if (isKilled()) signalDescendants(descent, "SIGKILL");
    await pause(systemClock, LOOK_AGAIN_MS);
  }
}

async function endLeftOvers(descent: Descent, onLine: (line: string) => void): Promise<void> {
  const left = descendantsOf(descent);
  if (left.length === 0) return;
  onLine(`the command has exited; what it left running is killed (pid ${left.join(", ")})`);
  await nothingLeft(descent, () => true, LEFT_OVERS_LIMIT_MS);
}
