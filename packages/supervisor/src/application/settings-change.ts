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
  // A port that was opened without TLS cannot begin with it, nor the other way round.
  const isTlsFixed = (before.tls.certificate === undefined) !== (after.tls.certificate === undefined);
  const reloadOf = ({ path, reload }: Setting): Setting["reload"] =>
    isTlsFixed && path.startsWith("tls.") ? "restart" : reload;
  const by = (reload: Setting["reload"]) => changed.filter((row) => reloadOf(row) === reload).map((row) => row.path);
  return { live: by("live"), roll: by("roll"), restart: by("restart") };
}

/** `after`, but for these settings, which stay as they are in `before`. */
export function keepSettings(before: Settings, after: Settings, paths: readonly SettingPath[]): Settings {
  const kept: Record<string, unknown> = { ...after };
  for (const path of paths) {
    const [group = "", key] = path.split(".");
    const value = settingAt(before, path);
    kept[group] = key === undefined ? value : { ...(kept[group] as object), [key]: value };
  }
  return kept as unknown as Settings;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
