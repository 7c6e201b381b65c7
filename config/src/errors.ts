/** One thing that is wrong with a configuration, ready to be shown. */
export interface ConfigProblem {
  /** Where: `drover.yaml:12`, `--slots` or `DROVER_SLOTS`. */
  readonly where: string;
  /** The setting's path, such as `workers.slots`. */
  readonly path: string;
  /** What is wrong, what is allowed, and the nearest known key. */
  readonly message: string;
}

/** Thrown by {@link loadSettings} with everything that is wrong at once. Nothing was started. */
export class ConfigError extends Error {
  readonly code = "config_invalid";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => `${problem.where}: ${problem.message}`).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}
