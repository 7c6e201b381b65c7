import type { ChildProcess } from "node:child_process";
import { systemClock, within } from "@drover/foundation/clock";
import type { SupervisorMessage } from "@drover/contract/ipc";

export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it could not even be started. */
  readonly reason: string | undefined;
  /** The machine had no descriptor, process or memory to start it with. @default false */
  readonly isStarved?: boolean;
}

/** A process that was started. Nothing of it throws: a message to a dead process is lost. */
export interface SpawnedProcess {
  /** undefined: it could not be started; `ended` says why. */
  readonly pid: number | undefined;
  readonly send: (message: SupervisorMessage) => void;
  readonly signal: (name: "SIGTERM" | "SIGKILL") => void;
  readonly ended: Promise<ProcessEnd>;
}

/** What it said last is read for so long: another process may hold its pipes open for ever. */
const LAST_LINES_MS = 500;

/** Resolves when the process has exited, whoever still holds its output. */
export async function endOf(child: ChildProcess): Promise<ProcessEnd> {
  // Not events.once: an `error`, such as of a message that came too late, is no end.
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = await new Promise<ProcessEnd>((resolve) =>
    child.once("exit", (exitCode, signal) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined, reason: undefined }),
    ),
  );
  await within(systemClock, LAST_LINES_MS, closed);
  child.stdout?.destroy();
  child.stderr?.destroy();
  // So long as another process holds the other end, this one would not end.
  if (child.connected) child.disconnect();
  return end;
}
