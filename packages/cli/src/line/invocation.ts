import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError, type Environment, loadSettings, readText, unknownVariables } from "@drover/config";
import { userId } from "@drover/foundation/files/user-folders";
import { printable } from "@drover/foundation/printable";
import { SupervisorError } from "@drover/supervisor/errors";
import type { Invocation } from "./command.ts";

const DEFAULT_FILE = "drover.yaml";

/** Wraps what yargs parsed. */
export function createInvocation(values: Readonly<Record<string, unknown>>, environment: Environment): Invocation {
  let hasWarned = false;
  // A reload reads the settings again; what is odd in them was said at the start.
  const warn = (warnings: readonly string[]): void => {
    for (const warning of hasWarned ? [] : warnings) process.stderr.write(`drover: ${printable(warning)}\n`);
    hasWarned = true;
  };
  const texts = (name: string): readonly string[] => {
    const value = values[name];
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).map(String);
  };
  return {
    values,
    texts,
    text: (name) => texts(name).at(-1),
    number: (name) => {
      const value = values[name] === undefined ? undefined : Number(texts(name).at(-1));
      if (Number.isNaN(value)) throw new SupervisorError("usage", `--${name} must be a number`);
      return value;
    },
    isOn: (name) => values[name] === true,
    settings: (flags = {}) => {
      const loaded = loadSettings({
        flags: { ...settingFlags(values), ...flags },
        environment,
        file: settingsFile(values, environment),
      });
      warn(loaded.warnings);
      return loaded;
    },
    setting: (path) => {
      warn(unknownVariables(environment));
      return readText(path, { flags: settingFlags(values), environment, file: trustedFile(values, environment) });
    },
    environment,
    stdout: process.stdout,
    stderr: process.stderr,
  };
}

/** `-v` stands for `--log-level debug`. */
function settingFlags(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (values["verbose"] === true && values["log-level"] === undefined) return { ...values, "log-level": "debug" };
  return values;
}

function settingsFile(values: Readonly<Record<string, unknown>>, environment: Environment): string | undefined {
  const named = values["config"] ?? environment["DROVER_CONFIG"];
  if (typeof named === "string" && named !== "") return named;
  const found = statSync(DEFAULT_FILE, { throwIfNoEntry: false });
  if (found !== undefined) requireTrust(found, lstatSync(DEFAULT_FILE), statSync(dirname(resolve(DEFAULT_FILE))));
  return found === undefined ? undefined : DEFAULT_FILE;
}

/** As {@link settingsFile}; one that may not be read is none. */
function trustedFile(...given: Parameters<typeof settingsFile>): string | undefined {
  try {
    return settingsFile(...given);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

/**
 * A file that just lies in the working folder can start any program (`workers.command`), so it must be this user's or root's, and nobody else's to write
 * to, to link to another one or to replace: as ssh and git ask of theirs.
 */
function requireTrust(file: Stats, link: Stats, folder: Stats): void {
  const why = distrust(file, link, folder);
  if (why === undefined) return;
  const advice = `If you trust it, give it: --config ${DEFAULT_FILE}`;
  throw new ConfigError([`${DEFAULT_FILE}: ${why} and is not read by itself. ${advice}`]);
}

function distrust(file: Stats, link: Stats, folder: Stats): string | undefined {
  const stranger = [file, link].find(({ uid }) => uid !== userId() && uid !== 0);
  if (stranger !== undefined) return `belongs to another user (${stranger.uid})`;
  if ((file.mode & OTHERS_WRITE) !== 0) return "can be written to by everybody";
  const mayReplace = (folder.mode & OTHERS_WRITE) !== 0 && (folder.mode & STICKY) === 0;
  return mayReplace ? "can be replaced by everybody, who may write to its folder," : undefined;
}

const OTHERS_WRITE = 0o002;
/** Nobody may replace files of others. */
const STICKY = 0o1000;
