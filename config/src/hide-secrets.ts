import { putSetting, settingAt } from "./setting.ts";
import { type Settings, settingsTable } from "./settings.ts";

const HIDDEN = "(hidden)";

/**
 * The settings as they may be logged or shown: without the values of those that the table calls secret, and without user
 * and password of any URL.
 */
export function hideSecrets(settings: Settings): unknown {
  const copy = withoutUserInfo(settings) as object;
  for (const row of settingsTable) {
    const value = row.secret === true ? settingAt(copy, row.path) : undefined;
    if (value !== undefined) putSetting(copy, row.path, Array.isArray(value) ? value.map(() => HIDDEN) : HIDDEN);
  }
  return copy;
}

/** A deep copy. */
function withoutUserInfo(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(/(\w:\/\/)[^/@\s]*@/g, `$1${HIDDEN}@`);
  if (Array.isArray(value)) return value.map(withoutUserInfo);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutUserInfo(part)]));
}
