import type { Setting } from "./setting.ts";
import { settingsTable } from "./settings.ts";

/** The settings of one group of `drover.yaml`, in the table's order. */
export interface SettingGroup {
  /** `workers`, or empty for the settings at the top of the file. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** All settings by group; those at the top of the file come first. */
export function settingGroups(): readonly SettingGroup[] {
  const groups = new Map<string, Setting[]>([["", []]]);
  for (const setting of settingsTable) {
    const [name] = setting.path.includes(".") ? setting.path.split(".") : [""];
    const group = groups.get(name ?? "") ?? [];
    group.push(setting);
    groups.set(name ?? "", group);
  }
  return [...groups].map(([name, settings]) => ({ name, settings }));
}

/** A setting's key within its group: `slots` for `workers.slots`. */
export function keyInGroup(setting: Setting): string {
  return setting.path.slice(setting.path.indexOf(".") + 1);
}
