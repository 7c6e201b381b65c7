/** 0 clean, 1 failed while running, 2 bad usage or configuration (nothing was started), 3 nothing could be served. */
export type ExitCode = 0 | 1 | 2 | 3;

/**
 * Why a command of Drover ended.
 *
 * - `usage`: the command line is wrong (packages/cli)
 * - `already_running`: a live supervisor holds the admin socket (claim-socket.ts)
 * - `not_running`: nobody listens on the admin socket (admin-client.ts)
 * - `refused`: the running supervisor said no, such as to an unknown worker (fleet.ts, admin-client.ts)
 * - `listen_failed`: the public port, the port for metrics or the admin socket can't be opened (service.ts, metrics-port.ts, claim-socket.ts, `drover worker`)
 * - `over_committed`: more threads than CPUs, with `--strict` (choose-layout.ts)
 * - `memory_short`: the workers do not fit into memory (choose-layout.ts, `drover worker`)
 * - `command_missing`: there is no program to start workers with (check-settings.ts)
 * - `nothing_served`: every worker failed to start (fleet.ts)
 * - `measurement_failed`: the target of a measurement can't be measured, or its report can't be written (`drover bench`)
 * - `worker_failed`: a worker that runs alone ended badly (`drover worker`)
 */
export type SupervisorErrorCode =
  | "usage"
  | "already_running"
  | "not_running"
  | "refused"
  | "listen_failed"
  | "over_committed"
  | "memory_short"
  | "command_missing"
  | "nothing_served"
  | "measurement_failed"
  | "worker_failed";

const EXIT_CODES: Readonly<Record<SupervisorErrorCode, ExitCode>> = {
  usage: 2,
  already_running: 2,
  not_running: 1,
  refused: 1,
  listen_failed: 2,
  over_committed: 2,
  memory_short: 2,
  command_missing: 2,
  nothing_served: 3,
  measurement_failed: 1,
  worker_failed: 1,
};

/** Base of the supervisor's errors; `message` is for the user: the thing, the reason and what to do. */
export class SupervisorError extends Error {
  override readonly name = "SupervisorError";
  readonly code: SupervisorErrorCode;

  constructor(code: SupervisorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** What the process ends with. */
  get exitCode(): ExitCode {
    return EXIT_CODES[this.code];
  }
}
