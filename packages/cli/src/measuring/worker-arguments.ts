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

/** Words for `drover up` that say again what was typed here. */
export function upWords(invocation: Invocation): readonly string[] {
  return [...wordsOf(invocation, WORKER_SETTINGS), ...fileWords(invocation)];
}

/** The same in two parts: what `drover worker` takes as well, and what only `drover up` does. */
export function splitWords(invocation: Invocation): {
  readonly worker: readonly string[];
  readonly up: readonly string[];
} {
  return { worker: [...wordsOf(invocation, ONE_WORKER), ...fileWords(invocation)], up: wordsOf(invocation, SEVERAL) };
}

function wordsOf(invocation: Invocation, paths: readonly SettingPath[]): readonly string[] {
  return settingFlags(paths).flatMap(({ name }) => invocation.texts(name).map((value) => `--${name}=${value}`));
}

function fileWords(invocation: Invocation): readonly string[] {
  const file = invocation.text("config");
  return file === undefined ? [] : ["--config", file];
}
