/** 0 clean, 1 failed while running, 2 bad usage or configuration (nothing was started), 3 nothing could be served. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Why a command of Drover ended, and what the process ends with then. */
const EXIT_CODES = {
  /** The command line is wrong (packages/cli). */
  usage: 2,
  /** A live supervisor holds the admin socket (claim-socket.ts). */
  already_running: 2,
  /** Nobody listens on the admin socket (admin-client.ts). */
  not_running: 1,
  /** The running supervisor said no, such as to an unknown worker (fleet.ts, admin-client.ts). */
  refused: 1,
  /** The public port, the port for metrics or the admin socket can't be opened (service.ts, metrics-port.ts, claim-socket.ts, `drover worker`). */
  listen_failed: 2,
  /** More threads than CPUs, with `--strict` (choose-layout.ts). */
  over_committed: 2,
  /** The workers do not fit into memory (choose-layout.ts, `drover worker`). */
  memory_short: 2,
  /** There is no program to start workers with (check-settings.ts). */
  command_missing: 2,
  /** Every worker failed to start (fleet.ts). */
  nothing_served: 3,
  /** The target of a measurement can't be measured, or its report can't be written (`drover bench`). */
  measurement_failed: 1,
  /** A worker that runs alone ended badly (`drover worker`). */
  worker_failed: 1,
} as const satisfies Readonly<Record<string, ExitCode>>;

export type SupervisorErrorCode = keyof typeof EXIT_CODES;

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
