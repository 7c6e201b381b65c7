/** A listening socket that systemd opened before Drover started (sd_listen_fds(3)). */
export interface ListenSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of the socket unit; systemd's own default is the unit's name. */
  readonly name: string;
}

const FIRST_FD = 3;

/**
 * The sockets of systemd's `LISTEN_FDS`, and none when they are meant for another process. The variables are removed
 * from `environment`, so that no child takes the sockets for its own.
 */
export function takeListenSockets(environment: NodeJS.ProcessEnv, pid: number): readonly ListenSocket[] {
  const count = Number(environment["LISTEN_FDS"] ?? 0);
  const names = (environment["LISTEN_FDNAMES"] ?? "").split(":");
  const isForUs = Number(environment["LISTEN_PID"]) === pid;
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[name];
  if (!isForUs || !Number.isInteger(count) || count < 1) return [];
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST_FD + index, name: names[index] || "unknown" }));
}
