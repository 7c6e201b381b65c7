import { type Setting, type SettingPath, type Settings, settingsTable } from "@drover/config";
import { settingAt } from "../worker/recipe.ts";

/** What a reload changes, by what it takes to apply it (the table's `reload` column). */
export interface SettingsChange {
  /** Applied at once. */
  readonly live: readonly SettingPath[];
  /** Takes new workers. */
  readonly roll: readonly SettingPath[];
  /** Takes a restart of drover; kept as it was until then. */
  readonly restart: readonly SettingPath[];
}

/** Compares two complete sets of settings. */
export function diffSettings(before: Settings, after: Settings): SettingsChange {
  const changed = settingsTable.filter(({ path }) => !isSame(settingAt(before, path), settingAt(after, path)));
  const by = (reload: Setting["reload"]) => changed.filter((row) => row.reload === reload).map((row) => row.path);
  return { live: by("live"), roll: by("roll"), restart: by("restart") };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
