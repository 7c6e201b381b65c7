import { putSetting, type Setting, settingAt, type SettingPath, type Settings, settingsTable } from "@drover/config";

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
  const kept = structuredClone(after);
  for (const path of paths) putSetting(kept, path, settingAt(before, path));
  return kept;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
