import { messageOf } from "@drover/foundation/error-text";
import { resolve } from "node:path";
import { defaultPaths, loadNginxConfig, type LoadedNginxConfig } from "../load.ts";
import type { NginxPaths } from "../translate/context.ts";
import { type NginxOptions, readNginxOptions } from "./command-line.ts";
import { startDaemon, tellParent } from "./daemon.ts";
import { signalPidFile } from "./pid-file.ts";
import { NginxServer } from "../serve/nginx-server.ts";
import { serveNginx } from "./serve.ts";
import { helpText, versionLine, versionText } from "./version-text.ts";

/**
 * Does what nginx's command line asks.
 * @param isDaemon this process was started by `daemon on`, and serves
 * @returns nginx's exit code: 0, or 1 for anything that went wrong
 */
export async function runNginxCommand(words: readonly string[], isDaemon: boolean): Promise<number> {
  const read = readNginxOptions(words);
  if (read.kind === "wrong") {
    stderr(`nginx: ${read.message}\n`);
    return 1;
  }
  const { options } = read;
  if (options.help || options.version !== "no") {
    const short = options.help ? helpText() : versionLine();
    stderr(options.version === "long" ? versionText() : short);
    return 0;
  }
  try {
    if (options.test !== "no") return await testConfig(options);
    if (options.signal !== undefined) return sendSignal(options);
    return await start(options, words, isDaemon);
  } catch (error) {
    stderr(`nginx: [${options.signal === undefined ? "emerg" : "error"}] ${messageOf(error)}\n`);
    if (options.test !== "no") stderr(`nginx: configuration file ${configPath(options)} test failed\n`);
    return 1;
  }
}

function load(options: NginxOptions): LoadedNginxConfig {
  const { globals, compat } = options;
  const paths = pathsOf(options);
  return loadNginxConfig({ path: configPath(options), compat, paths, ...(globals === undefined ? {} : { globals }) });
}

function pathsOf({ prefix, errorLog }: NginxOptions): Partial<NginxPaths> {
  return {
    ...(prefix === undefined ? {} : { prefix: resolve(prefix) }),
    ...(errorLog === undefined ? {} : { errorLog }),
  };
}

function configPath({ prefix, config }: NginxOptions): string {
  return resolve(prefix ?? defaultPaths.prefix, config ?? defaultPaths.conf);
}

async function testConfig(options: NginxOptions): Promise<number> {
  const { model, parsed } = load(options);
  const path = configPath(options);
  sayWarnings(model.warnings);
  if (!options.quiet) stderr(`nginx: the configuration file ${path} syntax is ok\n`);
  await new NginxServer().check(model);
  if (!options.quiet) {
    for (const line of ignoredLines(model.ignored)) stderr(`nginx: [notice] ${line}\n`);
    stderr(`nginx: configuration file ${path} test is successful\n`);
  }
  if (options.test === "dump") {
    for (const file of parsed.files) {
      process.stdout.write(
        `# configuration file ${file.path}:\n${Buffer.from(file.text, "latin1").toString("utf8")}\n`,
      );
    }
  }
  return 0;
}

/** One line for each name that is ignored, with the positions it stands at. */
export function ignoredLines(ignored: LoadedNginxConfig["model"]["ignored"]): string[] {
  const byName = new Map<string, { why: string; positions: string[] }>();
  for (const { name, why, position } of ignored) {
    const known = byName.get(name) ?? { why, positions: [] };
    known.positions.push(`${position.file}:${position.line}`);
    byName.set(name, known);
  }
  return [...byName].map(([name, { why, positions }]) => {
    const more = positions.length > 1 ? ` and ${positions.length - 1} more` : "";
    return `"${name}" makes no difference: ${why} (${positions[0]}${more})`;
  });
}

const signals = { stop: "SIGTERM", quit: "SIGQUIT", reopen: "SIGUSR1", reload: "SIGHUP" } as const;

function sendSignal(options: NginxOptions): number {
  const { model } = load(options);
  signalPidFile(model.process.pidPath, signals[options.signal ?? "stop"]);
  return 0;
}

async function start(options: NginxOptions, words: readonly string[], isDaemon: boolean): Promise<number> {
  const { model } = load(options);
  if (!isDaemon) sayWarnings(model.warnings);
  if (model.process.daemon && !isDaemon) {
    // Mistakes show here, where somebody reads them.
    await new NginxServer().check(model);
    return startDaemon(words);
  }
  try {
    await serveNginx({
      load: () => load(options).model,
      hasPidFile: true,
      onReady: () => tellParent({ exitCode: 0 }),
      say: (level, message) => {
        if (isDaemon) tellParent({ text: `nginx: [${level}] ${message}\n` });
        else if (level !== "notice") stderr(`nginx: [${level}] ${message}\n`);
      },
    });
    return 0;
  } catch (error) {
    if (!isDaemon) throw error;
    tellParent({ text: `nginx: [emerg] ${messageOf(error)}\n`, exitCode: 1 });
    return 1;
  }
}

function sayWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) stderr(`nginx: [warn] ${warning}\n`);
}

function stderr(text: string): void {
  process.stderr.write(text);
}
