import type { SettingPath } from "@drover/config";
import type { Invocation } from "./command.ts";
import { settingFlags } from "./setting-flags.ts";

/** Settings that say what is measured; the rest is the measurement's own. */
export const WORKER_SETTINGS: readonly SettingPath[] = [
  "model",
  "workers.count",
  "workers.threads",
  "workers.slots",
  "workers.context",
  "workers.firstPort",
  "workers.pin",
  "workers.itlTarget",
  "workers.batch",
  "workers.flashAttention",
  "workers.kvType",
  "workers.speculate",
  "balancer.policy",
];

/** Words for `drover up` that say again what was typed here. */
export function workerWords(invocation: Invocation): readonly string[] {
  const typed = settingFlags(WORKER_SETTINGS).flatMap(({ name }) =>
    invocation.texts(name).map((value) => `--${name}=${value}`),
  );
  const file = invocation.text("config");
  return file === undefined ? typed : [...typed, "--config", file];
}
