export { ConfigError } from "./errors.ts";
export { hideSecrets } from "./hide-secrets.ts";
export {
  defaultSettings,
  type Environment,
  type LoadedSettings,
  loadSettings,
  readText,
  type SettingSource,
  unknownVariables,
} from "./load.ts";
export { nearest } from "./nearest.ts";
export { environmentName, putSetting, type Setting, settingAt } from "./setting.ts";
export { helpTitles, type SettingPath, type Settings, settingsTable } from "./settings.ts";
export { MOST_WORKERS } from "./settings/workers.ts";
export { type WorkerSettings, workerSettingPaths, workerSettings, workerSettingSchemas } from "./worker-settings.ts";
