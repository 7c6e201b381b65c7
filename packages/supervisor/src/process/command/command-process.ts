import { pause, systemClock } from "@drover/foundation/clock";
import { descendantsOf, type Descent, signalDescendants } from "../descendants.ts";
import { guardOrphans } from "../orphan-guard.ts";
import type { SpawnedProcess } from "../spawned-process.ts";

const LOOK_AGAIN_MS = 50;
/** A process in an uninterruptible call does not heed KILL; the next one must not wait for it for ever. */
const LEFT_OVERS_LIMIT_MS = 5000;

/** A command of the user's that runs. */
interface CommandParts extends Pick<SpawnedProcess, "send" | "ended">, Pick<Descent, "mark" | "cgroup"> {
  readonly pid: number;
  readonly onLine: (line: string) => void;
}

/**
 * The command together with all that it started, as one process: a script that starts the server as its child is the
 * ordinary case. Signals go to all of it. It has ended when the command has exited and nothing of it is left: what was
 * asked to end may take its time, what outlives a command that went by itself is killed.
 */
export function ofCommand({ pid, send, ended, mark, cgroup, onLine }: CommandParts): SpawnedProcess {
  const descent: Descent = { leader: pid, mark, cgroup };
  const callOff = guardOrphans(descent);
  let isAskedToEnd = false;
  return {
    pid,
    send,
    signal: (name) => {
      isAskedToEnd = true;
      signalDescendants(descent, name);
    },
    ended: ended.then(async (end) => {
      if (isAskedToEnd) await nothingLeft(descent);
      else await endLeftOvers(descent, onLine);
      callOff();
      cgroup?.remove();
      return end;
    }),
  };
}

async function nothingLeft(descent: Descent, limitMs = Number.POSITIVE_INFINITY): Promise<void> {
  const until = systemClock.monotonicMs() + limitMs;
  while (descendantsOf(descent).length > 0 && systemClock.monotonicMs() < until)
    await pause(systemClock, LOOK_AGAIN_MS);
}

async function endLeftOvers(descent: Descent, onLine: (line: string) => void): Promise<void> {
  const left = descendantsOf(descent);
  if (left.length === 0) return;
  onLine(`the command has exited; what it left running is killed (pid ${left.join(", ")})`);
  signalDescendants(descent, "SIGKILL");
  await nothingLeft(descent, LEFT_OVERS_LIMIT_MS);
}
