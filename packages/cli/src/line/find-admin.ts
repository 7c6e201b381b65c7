import { ConfigError, loadSettings, type SettingPath } from "@drover/config";
import { findAdminPath } from "@drover/supervisor/admin";
import type { Invocation } from "./command.ts";

/** Settings that a command needs to find the running supervisor. */
export const ADMIN_SETTINGS: readonly SettingPath[] = ["admin.socket"];

/** Path of the running supervisor's admin socket. A file that is not valid at the moment must not keep anybody from it. */
export function findAdmin(invocation: Invocation): string {
  return findAdminPath(adminSetting(invocation), invocation.environment);
}

function adminSetting(invocation: Invocation): string {
  try {
    return invocation.settings().settings.admin.socket;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const environment = { DROVER_ADMIN_SOCKET: invocation.environment["DROVER_ADMIN_SOCKET"] };
    const flags = { "admin-socket": invocation.values["admin-socket"] };
    return loadSettings({ flags, environment }).settings.admin.socket;
  }
}
