import { dirname, isAbsolute, resolve } from "node:path";
import { type LoadedSettings, type Setting, type SettingPath, settingsTable } from "@drover/config";
import { resolveModelSource } from "@drover/models/model-source";
import { SupervisorError } from "../errors.ts";
import type { ServiceFacts } from "./unit-files.ts";

/** What systemd allows beyond the drain and the grace of the workers. */
const STOP_MARGIN_MS = 15_000;

interface Installation {
  readonly scope: ServiceFacts["scope"];
  readonly account: string | undefined;
  readonly loaded: LoadedSettings;
  /** What was typed, by flag name. */
  readonly typed: Readonly<Record<string, unknown>>;
  readonly workingFolder: string;
  /** Node's binary. */
  readonly node: string;
  /** The folder with Drover's package.json and node_modules. */
  readonly root: string;
}

/**
 * The unit files' facts from the settings that the user gave to `drover service install`.
 * @throws SupervisorError `usage` for what a service can't do: relative paths, a key in a file that all may read
 */
export function serviceFacts(installation: Installation): ServiceFacts {
  const { loaded, workingFolder, node, root, scope, account } = installation;
  const { settings, file } = loaded;
  const config = file === undefined ? [] : [resolve(workingFolder, file)];
  const model = isLocal(settings.model) ? [absolute(installation, "model", settings.model)] : [];
  const secrets = Object.entries(filesOf(settings)).flatMap(([path, value]) =>
    value === undefined ? [] : [absolute(installation, path, value)],
  );
  return {
    scope,
    account,
    program: [node, resolve(root, "packages/cli/bin/drover.js")],
    flags: [...config.flatMap((path) => ["--config", path]), ...typedFlags(installation)],
    listen: settings.listen.split(",").map((address) => listenStream(address.trim())),
    reads: [dirname(dirname(node)), root, ...config, ...model.map(folderOrFile), ...secrets],
    files: [...config, ...model, ...secrets],
    documentation: resolve(root, "docs/systemd.md"),
    stopMs: stopMsOf(settings.supervision),
  };
}

/** Settings that name a file, beside the model. */
function filesOf({ apiKeysFile, tls }: LoadedSettings["settings"]): Readonly<Record<string, string | undefined>> {
  return { apiKeysFile, "tls.certificate": tls.certificate, "tls.key": tls.key };
}

/** What an orderly end may take at most. */
function stopMsOf({ shutdownDelay, drainTimeout, grace }: LoadedSettings["settings"]["supervision"]): number {
  return shutdownDelay + drainTimeout + grace + STOP_MARGIN_MS;
}

/** Settings that variables of the installer have given, which the service will not have. */
export function lostSettings({ sources }: LoadedSettings): readonly Setting[] {
  return settingsTable.filter(({ path }) => sources.get(path) === "environment");
}

/** The settings that were typed, as flags for `up`, paths made absolute. */
function typedFlags(installation: Installation): readonly string[] {
  const { loaded, typed } = installation;
  return settingsTable.flatMap((row): readonly string[] => {
    const source = loaded.sources.get(row.path);
    if (row.flag === undefined || source !== "flag" || row.path === "admin.socket") return [];
    if (row.secret === true)
      throw usage(
        `--${row.flag} would stand in a unit file that every user may read; use ${saferSetting(row.path)} instead`,
      );
    const value = typed[row.flag];
    if (typeof value === "boolean") return [value ? `--${row.flag}` : `--no-${row.flag}`];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [
      `--${row.flag}`,
      isPath(row.path, String(one), loaded.settings) ? resolve(installation.workingFolder, String(one)) : String(one),
    ]);
  });
}

function saferSetting(path: string): string {
  return path === "apiKeys" ? "apiKeysFile" : `${path} in a configuration file`;
}

function isPath(path: string, value: string, settings: LoadedSettings["settings"]): boolean {
  return Object.hasOwn(filesOf(settings), path) || (path === "model" && isLocal(value));
}

function isLocal(model: string): boolean {
  return resolveModelSource(model).type === "path";
}

/** A path that was typed is relative to the working folder; in the file it must be absolute, as the service runs elsewhere. */
function absolute({ loaded, workingFolder }: Installation, path: string, value: string): string {
  if (isAbsolute(value) || loaded.sources.get(path as SettingPath) === "flag") return resolve(workingFolder, value);
  throw usage(`"${path}" is ${JSON.stringify(value)}, but a service runs in another folder: write the full path`);
}

/** The folder of a model, so that a new file there is seen; the file itself where the folder is a home folder. */
function folderOrFile(model: string): string {
  const folder = dirname(model);
  return /^\/(root|home\/[^/]+)$/.test(folder) ? model : folder;
}

function listenStream(listen: string): string {
  if (listen.startsWith("unix:")) return resolve(listen.slice("unix:".length));
  const address = listen.replace(/^localhost:/, "127.0.0.1:").replace(/^(\*?:)?(?=\d+$)/, "0.0.0.0:");
  if (!/^(\d+\.\d+\.\d+\.\d+|\[[^\]]+\]):[1-9]\d*$/.test(address))
    throw usage(`systemd can't listen on ${listen}: give an IP address and a port, such as 0.0.0.0:8080`);
  return address;
}

function usage(message: string): SupervisorError {
  return new SupervisorError("usage", message);
}
