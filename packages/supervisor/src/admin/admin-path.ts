import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Where the admin API listens: the `admin.socket` setting, or for `auto` a place of this user's own. */
export function adminPath(setting: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (setting !== "auto") return setting;
  const runtime = environment["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "drover.sock");
  return join(tmpdir(), `drover-${userInfo().uid}.sock`);
}
