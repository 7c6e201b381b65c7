import type { SettingPath } from "@drover/config";
import { findAdminPath } from "@drover/supervisor/admin";
import type { Invocation } from "./command.ts";

/** Settings that a command needs to find the running supervisor. */
export const ADMIN_SETTINGS: readonly SettingPath[] = ["admin.socket"];

/** Path of the running supervisor's admin socket. A file that is not valid at the moment must not keep anybody from it. */
export function findAdmin(invocation: Invocation): string {
  return findAdminPath(invocation.setting("admin.socket"), invocation.environment);
}
