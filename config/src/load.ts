import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type * as zod from "zod";
import { ConfigError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { environmentName, putSetting, type Setting } from "./setting.ts";
import { parseSettingsFile, type SettingsFile } from "./settings-file.ts";
import { type Settings, type SettingPath, settingsTable } from "./settings.ts";

/** Where a setting's value came from. */
export type SettingSource = "flag" | "environment" | "file" | "default";

export interface LoadedSettings {
  readonly settings: Settings;
  readonly sources: ReadonlyMap<SettingPath, SettingSource>;
  /** The file that was read, or undefined. */
  readonly file: string | undefined;
  /** What is odd but no reason to refuse: `DROVER_*` variables that no setting has. With `strict` they are problems. */
  readonly warnings: readonly string[];
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  /** Values of the command line by flag name, as typed; absent or undefined: not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Path of the file; undefined: none is read. */
  readonly file?: string | undefined;
}

/**
 * Reads all settings. Precedence: flag, then environment `DROVER_*`, then file, then default.
 * @throws ConfigError `config_invalid` with every problem at once: unknown keys, wrong types, an unreadable file.
 */
export function loadSettings(options: LoadOptions): LoadedSettings {
  const { values, problems: fileProblems } = readFile(options.file);
  const problems = [...fileProblems];
  const sources = new Map<SettingPath, SettingSource>();
  const settings = {};
  for (const setting of settingsTable) {
    const found = find(setting, options, values);
    sources.set(setting.path, found.source);
    if (found.value === undefined) {
      putSetting(settings, setting.path, undefined);
      continue;
    }
    const read = schemaOf(setting).safeParse(found.value);
    if (read.success) putSetting(settings, setting.path, read.data);
    else problems.push(`${found.where}: ${wrong(setting, found.value, read.error.issues)}`);
  }
  const loaded = settings as Settings;
  const warnings = unknownVariables(options.environment);
  if (loaded.strict) problems.push(...warnings);
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings: loaded, sources, file: options.file, warnings };
}

/**
 * One setting alone, as {@link loadSettings} finds it; whatever is wrong with the file or with others must not keep anybody from it. zod is not
 * loaded for it: that takes as long as Node's start.
 */
export function readText(path: SettingPath, options: LoadOptions): string {
  const row = settingsTable.find((each) => each.path === path);
  if (row === undefined) return "";
  const { value } = find(row, options, readFile(options.file).values);
  return typeof value === "string" && value !== "" ? value : String(row.default);
}

/** The settings that nobody set; for tests and for building on. */
export function defaultSettings(): Settings {
  return loadSettings({ flags: {}, environment: {} }).settings;
}

const schemas = new Map<Setting, zod.z.ZodType>();

/** Made with the first settings that are loaded, and kept. */
function schemaOf(setting: Setting): zod.z.ZodType {
  const known = schemas.get(setting);
  if (known !== undefined) return known;
  const { z } = createRequire(import.meta.url)("zod") as typeof zod;
  const schema = setting.schema(z);
  schemas.set(setting, schema);
  return schema;
}

function readFile(file: string | undefined): SettingsFile {
  if (file === undefined) return { values: new Map(), problems: [] };
  try {
    return parseSettingsFile(readFileSync(file, "utf8"), file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const reason = unreadable[code] ?? message;
    return { values: new Map(), problems: [`${file}: the configuration can't be read: ${reason}`] };
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
};

interface Found {
  readonly source: SettingSource;
  readonly where: string;
  readonly value: unknown;
}

function find(setting: Setting, options: LoadOptions, file: SettingsFile["values"]): Found {
  const names = setting.formerly === undefined ? [setting] : [setting, setting.formerly];
  for (const { flag } of names) {
    const typed = flag === undefined ? undefined : lastOf(options.flags[flag], setting);
    if (typed !== undefined) return { source: "flag", where: `--${flag}`, value: typed };
  }
  for (const variable of names.map(environmentName)) {
    const exported = options.environment[variable];
    // An empty variable is as good as none, but an empty key would let everybody in.
    const counts = exported !== undefined && (exported !== "" || setting.secret === true);
    if (counts) return { source: "environment", where: variable, value: exported };
  }
  const written = names.map(({ path }) => file.get(path)).find((value) => value !== undefined);
  if (written !== undefined && written.value !== null)
    return { source: "file", where: `${options.file}:${written.line}`, value: written.value };
  return { source: "default", where: "default", value: setting.default };
}

/** Of a flag that was given several times the last counts, as in `drover up $USUAL --slots 2`; a list takes all. */
function lastOf(typed: unknown, setting: Setting): unknown {
  return Array.isArray(typed) && !Array.isArray(setting.default) ? typed.at(-1) : typed;
}

function wrong(setting: Setting, value: unknown, issues: readonly { readonly message: string }[]): string {
  const allowed = issues[0]?.message ?? "another value";
  const shown =
    setting.secret === true ? (Array.isArray(value) ? "a list" : `a ${typeof value}`) : JSON.stringify(value);
  return `"${setting.path}" is ${shown}, but must be ${allowed}`;
}

/** Variables that Drover reads and that are no settings. */
const otherVariables = ["DROVER_CONFIG", "DROVER_DEBUG", "DROVER_WORKER_SECRET"];

/** Variables that look like settings and are none. */
export function unknownVariables(environment: Environment): readonly string[] {
  const former = settingsTable.flatMap(({ formerly }) => (formerly === undefined ? [] : [environmentName(formerly)]));
  const known = [...settingsTable.map(environmentName), ...former, ...otherVariables];
  return Object.keys(environment)
    .filter((name) => name.startsWith("DROVER_") && !known.includes(name) && !isServiceLink(name, environment[name]))
    .toSorted()
    .map((name) => {
      const guess = nearest(
        name.slice("DROVER_".length),
        known.map((variable) => variable.slice("DROVER_".length)),
      );
      const hint = guess === undefined ? "see docs/configuration.md" : `did you mean DROVER_${guess}?`;
      return `${name}: no setting has this environment variable; ${hint}`;
    });
}

/** Kubernetes and Docker export such variables for a service that is called "drover". */
function isServiceLink(name: string, value: string | undefined): boolean {
  return (
    /^DROVER_(SERVICE_(HOST|PORT)|PORT_\d)/.test(name) || (name === "DROVER_PORT" && /^\w+:\/\//.test(value ?? ""))
  );
}
