import { execa } from "execa";
import { findProgram, mayBeRun } from "@drover/foundation/files/programs";
import { BenchError } from "../errors.ts";
import type { Side } from "./side.ts";
import { singleServer } from "./single-server.ts";

/** What llama.cpp's own server gets, so that it has what Drover has. */
export interface LlamaServerSetup {
  /** The program. */
  readonly path: string;
  readonly modelFile: string;
  /** CPUs that this process may use. */
  readonly threads: number;
  /** As many as all workers of Drover have together. */
  readonly slots: number;
  /** Of each slot. */
  readonly contextTokens: number;
}

/** What the program says about itself. */
export interface LlamaServerBuild {
  /** Such as `6890 (1a2b3c4)`; undefined where it does not know. */
  readonly version: string | undefined;
  /** The text of `--help`, which names the flags that this build knows. */
  readonly help: string;
}

const HELP_TIMEOUT_MS = 60_000;

/**
 * The program to compare with: the given one, or the first `llama-server` in PATH.
 * @returns undefined where none was given and PATH has none
 * @throws BenchError `bad_option` where the given one can't be run
 */
export function findLlamaServer(given: string | undefined, searchPath: string): string | undefined {
  if (given !== undefined && !mayBeRun(given))
    throw new BenchError("bad_option", `--llama-server: ${given} is no program that can be run here`);
  return given ?? findProgram("llama-server", searchPath);
}

/** @throws BenchError `server_failed` where the program does not even print its help */
export async function readLlamaServerBuild(path: string): Promise<LlamaServerBuild> {
  const [help, version] = await Promise.all([runOnce(path, "--help"), runOnce(path, "--version")]);
  return { version: /version:\s*([1-9].*)/.exec(version)?.[1]?.trim(), help };
}

/**
 * Arguments as its own users would choose them: one process with all CPUs. llama-server divides `-c` by `-np`, so the
 * context is given for all slots together.
 */
export function llamaServerArguments(setup: LlamaServerSetup, port: number, help: string): readonly string[] {
  const { modelFile, threads, slots, contextTokens } = setup;
  // Builds differ in the name of the flag; the page is of no use here.
  const withoutPage = ["--no-ui", "--no-webui"].filter((flag) => help.includes(flag)).slice(0, 1);
  const shape = ["-t", String(threads), "-np", String(slots), "-c", String(slots * contextTokens)];
  return ["-m", modelFile, "--host", "127.0.0.1", "--port", String(port), ...shape, ...withoutPage];
}

/** llama.cpp's own server. @param extra further arguments as one would type them; they override those chosen here */
export function llamaServerSide(setup: LlamaServerSetup, build: LlamaServerBuild, extra: string): Side {
  const { threads, slots, contextTokens } = setup;
  const shown = `-t ${threads} -np ${slots} -c ${slots * contextTokens} ${extra}`.trim();
  const name = `llama-server ${extra}`.trim();
  const doc = `llama-server${build.version === undefined ? "" : `, version ${build.version}`}: ${shown}`;
  const commandOn = (port: number) => ({
    file: "/bin/sh",
    args: ["-c", `exec "$0" "$@" ${extra}`, setup.path, ...llamaServerArguments(setup, port, build.help)],
  });
  return singleServer({ name, doc, process: "llama-server", commandOn });
}

async function runOnce(path: string, flag: string): Promise<string> {
  const result = await execa(path, [flag], { reject: false, all: true, timeout: HELP_TIMEOUT_MS, stdin: "ignore" });
  if (result.exitCode === 0) return result.all;
  const why = result.all === "" ? (result.originalMessage ?? `exit code ${result.exitCode}`) : result.all;
  throw new BenchError("server_failed", `${path} ${flag} failed: ${why.trim().split("\n").slice(-5).join("\n  ")}`);
}
