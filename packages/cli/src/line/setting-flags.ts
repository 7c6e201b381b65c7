import { environmentName, helpTitles, type Setting, type SettingPath, settingsTable } from "@drover/config";
import type { Options } from "yargs";

/** A setting that has a flag, as yargs wants it. The table reads and checks the value, so yargs passes it as typed. */
export interface SettingFlag {
  readonly name: string;
  readonly options: Options;
}

/** Flags of the settings table: all of them, or those of `paths`. */
export function settingFlags(paths: "all" | readonly SettingPath[]): readonly SettingFlag[] {
  return settingsTable
    .filter((row) => paths === "all" || paths.includes(row.path))
    .flatMap((setting) => {
      if (setting.flag === undefined) return [];
      const options = optionsOf(setting);
      const former = setting.formerly && { name: setting.formerly.flag, options: { ...options, hidden: true } };
      return [{ name: setting.flag, options }, ...(former === undefined ? [] : [former])];
    });
}

function optionsOf(setting: Setting): Options {
  const isSwitch = typeof setting.default === "boolean";
  const isEmpty = setting.default === undefined || (Array.isArray(setting.default) && setting.default.length === 0);
  const shown = isEmpty ? "none" : JSON.stringify(setting.default);
  return {
    type: isSwitch ? "boolean" : "string",
    ...(isSwitch ? {} : { requiresArg: true }),
    ...(setting.alias === undefined ? {} : { alias: setting.alias }),
    group: helpTitles.find(([, rows]) => rows.includes(setting))?.[0],
    describe: `${setting.doc} [${environmentName(setting)}] [default: ${shown}]`,
  };
}
