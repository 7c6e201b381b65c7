import type { Environment, LoadedSettings, SettingPath } from "@drover/config";
import type { ExitCode } from "@drover/supervisor/errors";

/** A flag of one command, beside those that the settings table yields. */
export interface Flag {
  /** `text` is given as typed (several times: an array), `switch` takes no value. */
  readonly type: "text" | "number" | "switch";
  readonly alias?: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
}

/** An argument without dashes. Which are optional stands in {@link CommandName.usage}. */
export interface Argument {
  readonly doc: string;
  readonly choices?: readonly string[];
}

/** How a command is called, and what it is for. */
export interface CommandName {
  /** Name and arguments as yargs reads them: `scale <count>`, `restart [worker]`, `bench [options..]`. */
  readonly usage: string;
  /** One line for the overview. */
  readonly summary: string;
}

/** An entry of registry.ts. */
export interface RegisteredCommand extends CommandName {
  readonly load: () => Promise<Command>;
}

export interface NamedCommand extends CommandName, Command {}

/** One command. A file in commands/ exports one, and registry.ts names it; parsing, help, completion and exit codes come from here. */
export interface Command {
  /** Settings that have a flag here: all of the table, or these. */
  readonly settings?: "all" | readonly SettingPath[];
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly arguments?: Readonly<Record<string, Argument>>;
  /** Command lines and what they do. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
  /** A command with subcommands has no `run`. */
  readonly subcommands?: readonly NamedCommand[];
  /**
   * Does it. Throws ConfigError, ModelError or SupervisorError for what the user must hear.
   * Import what is heavy in here, so that `drover status` does not load an HTTP server.
   */
  readonly run?: (invocation: Invocation) => Promise<ExitCode>;
}

/** What the user typed, and the world it runs in. */
export interface Invocation {
  /** Everything typed, by flag and argument name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** A flag or argument as text; the last one if given several times. */
  readonly text: (name: string) => string | undefined;
  readonly number: (name: string) => number | undefined;
  readonly isOn: (name: string) => boolean;
  /** Every text given for the name. */
  readonly texts: (name: string) => readonly string[];
  /**
   * Settings by flag, environment, file (`--config`, DROVER_CONFIG, else drover.yaml in the working directory), default.
   * @param flags given on top of what was typed, by flag name
   * @throws ConfigError `config_invalid`
   */
  readonly settings: (flags?: Readonly<Record<string, unknown>>) => LoadedSettings;
  /** One setting alone, by the same precedence; whatever is wrong with the others. */
  readonly setting: (path: SettingPath) => string;
  readonly environment: Environment;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}
