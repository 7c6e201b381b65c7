const FIRST_FD = 3;

/**
 * Descriptors of the sockets on which systemd listens for Drover (`LISTEN_FDS` of sd_listen_fds(3)); none when they are meant for another process.
 * The variables are removed from `environment`, so that no child takes the sockets for its own.
 */
export function takeListenFds(environment: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const count = Number(environment["LISTEN_FDS"] ?? 0);
  const isForUs = Number(environment["LISTEN_PID"]) === pid;
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete environment[name];
  if (!isForUs || !Number.isInteger(count) || count < 1) return [];
  return Array.from({ length: count }, (_, index) => FIRST_FD + index);
}
