import { type Setting, type SettingPath, type Settings, settingsTable } from "@drover/config";

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
  const changed = settingsTable.filter(({ path }) => !isSame(valueAt(before, path), valueAt(after, path)));
  const by = (reload: Setting["reload"]) => changed.filter((row) => row.reload === reload).map((row) => row.path);
  return { live: by("live"), roll: by("roll"), restart: by("restart") };
}

/** Everything about a worker's start that the settings decide, as one text: equal texts start equal workers. */
export function workerFingerprint(settings: Settings): string {
  const paths = settingsTable.filter((row) => row.reload === "roll" && row.path !== "workers.count");
  return JSON.stringify(paths.map(({ path }) => valueAt(settings, path)));
}

function valueAt(settings: Settings, path: SettingPath): unknown {
  return path.split(".").reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], settings);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
