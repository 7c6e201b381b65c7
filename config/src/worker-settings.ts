import type { z } from "zod";
import type { Zod } from "./setting-values.ts";
import { settingAt } from "./setting.ts";
import { type Row, type Settings, type SettingPath, settingsTable } from "./settings.ts";

type WorkerRow = Extract<Row, { readonly worker: string }>;

/** Settings that a worker gets as they are, by the names of its options. */
export type WorkerSettings = { readonly [R in WorkerRow as R["worker"]]: z.output<ReturnType<R["schema"]>> };

const ROWS = settingsTable.filter((row) => row.worker !== undefined);

export const workerSettingPaths: readonly SettingPath[] = ROWS.map(({ path }) => path);

/** Their values. */
export function workerSettings(settings: Settings): WorkerSettings {
  const entries = ROWS.map(({ path, worker }) => [worker, settingAt(settings, path)]);
  return Object.fromEntries(entries) as WorkerSettings;
}

/** How each is checked, by the name of the option; without a value it is the setting's default. */
export function workerSettingSchemas(zod: Zod): {
  readonly [Name in keyof WorkerSettings]: z.ZodType<WorkerSettings[Name]>;
} {
  const entries = ROWS.map(({ worker, schema, default: value }) => [worker, schema(zod).prefault(value as never)]);
  return Object.fromEntries(entries) as ReturnType<typeof workerSettingSchemas>;
}
