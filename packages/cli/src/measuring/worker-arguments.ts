import { type SettingPath, workerSettingPaths } from "@drover/config";
import type { Invocation } from "../line/command.ts";
import { settingFlags } from "../line/setting-flags.ts";

/** What one worker is; `drover up` and `drover worker` take these both. */
const ONE_WORKER: readonly SettingPath[] = ["model", "workers.context", ...workerSettingPaths];
/** How many there are, and where. */
const SEVERAL: readonly SettingPath[] = [
  "workers.count",
  "workers.threads",
  "workers.slots",
  "workers.firstPort",
  "workers.pin",
  "workers.snapshots",
  "balancer.policy",
];

/** Settings that say what is measured; the rest is the measurement's own. */
export const WORKER_SETTINGS: readonly SettingPath[] = [...ONE_WORKER, ...SEVERAL];

/** Arguments for `drover up` that say again what was typed here. */
export function upArgs(invocation: Invocation): readonly string[] {
  return [...argsOf(invocation, WORKER_SETTINGS), ...fileArgs(invocation)];
}

/** The same in two parts: what `drover worker` takes as well, and what only `drover up` does. */
export function splitArgs(invocation: Invocation): {
  readonly worker: readonly string[];
  readonly up: readonly string[];
} {
  return { worker: [...argsOf(invocation, ONE_WORKER), ...fileArgs(invocation)], up: argsOf(invocation, SEVERAL) };
}

function argsOf(invocation: Invocation, paths: readonly SettingPath[]): readonly string[] {
  return settingFlags(paths).flatMap(({ name }) => invocation.texts(name).map((value) => `--${name}=${value}`));
}

function fileArgs(invocation: Invocation): readonly string[] {
  const file = invocation.text("config");
  return file === undefined ? [] : ["--config", file];
}
