/** Thrown by {@link loadSettings} with everything that is wrong at once. Nothing was started. */
export class ConfigError extends Error {
  readonly code = "config_invalid";
  /**
   * Each ready to be shown: where it is (`drover.yaml:12`, `--slots` or `DROVER_SLOTS`), and behind a colon what is wrong, what is allowed, and the
   * nearest known key.
   */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}
