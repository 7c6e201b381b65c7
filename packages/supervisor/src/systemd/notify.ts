import { createSerialQueue } from "../serial-queue.ts";

/** Runs a program to its end with these variables beside the usual ones; rejects if it fails or is missing. */
export type RunProgram = (
  file: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
) => Promise<void>;

/** Sends one datagram of assignments such as `READY=1` to the service manager; in the order of the calls. Never rejects. */
export type Notify = (...assignments: readonly string[]) => Promise<void>;

interface NotifyOptions {
  /** `NOTIFY_SOCKET`. */
  readonly socket: string;
  readonly run: RunProgram;
  /** Told once when notifications do not get through. */
  readonly warn: (message: string) => void;
}

/**
 * Node has no datagram sockets of the UNIX family, so the datagrams go through systemd's own `systemd-notify`. It is a
 * child of ours and not the main process, so the unit needs `NotifyAccess=all`; it waits until the manager has read the
 * message (its barrier), so that the sender is still known by then.
 */
export function createNotify({ socket, run, warn }: NotifyOptions): Notify {
  const inOrder = createSerialQueue();
  let isBroken = false;
  const send = async (assignments: readonly string[]) => {
    try {
      await run("systemd-notify", assignments, { NOTIFY_SOCKET: socket });
      isBroken = false;
    } catch (error) {
      if (!isBroken) warn(`systemd was not told ${assignments.join(" ")}: ${(error as Error).message}`);
      isBroken = true;
    }
  };
  return (...assignments) => inOrder(() => send(assignments));
}

/** Removes `NOTIFY_SOCKET` from `environment`, so that no child speaks for Drover, and yields it. */
export function takeNotifySocket(environment: NodeJS.ProcessEnv): string | undefined {
  const socket = environment["NOTIFY_SOCKET"];
  delete environment["NOTIFY_SOCKET"];
  return socket === "" ? undefined : socket;
}
