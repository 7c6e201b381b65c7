import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { userId } from "@drover/foundation/files/user-folders";

/** What systemd makes where it runs. Source: sd_booted(3). */
const SYSTEMD_RUNS = "/run/systemd/system";
const LIMIT_MS = 2000;
const ROOT = 0;

let known: { readonly folder: string | undefined } | undefined;

/**
 * Folder of this process's control group (v2), where it may make groups of its own below: in a container whose control groups are writable,
 * and under systemd in a unit with `Delegate=yes`. Looked for once; undefined: there is none.
 */
export function delegatedCgroup(): string | undefined {
  known ??= { folder: find() };
  return known.folder;
}

function find(): string | undefined {
  try {
    const membership = readFileSync("/proc/self/cgroup", "utf8");
    const folder = cgroupFolder(membership, readFileSync("/proc/self/mountinfo", "utf8"));
    if (folder === undefined) return undefined;
    for (const path of [folder, join(folder, "cgroup.procs")]) accessSync(path, constants.W_OK);
    return isLeftToUs(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Where the group of v2 that `/proc/self/cgroup` names is mounted; undefined where it lies outside of every mount. */
export function cgroupFolder(membership: string, mountInfo: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(membership)?.[1];
  if (path === undefined || path.startsWith("/..")) return undefined;
  for (const line of mountInfo.split("\n")) {
    // Source of the fields: proc_pid_mountinfo(5); the file system's type follows a dash.
    const [, , , root = "", mount = ""] = line.split(" ");
    if (!line.includes(" - cgroup2 ")) continue;
    const top = root === "/" ? "" : root;
    if (path === root || path.startsWith(`${top}/`)) return join(mount, path.slice(top.length));
  }
  return undefined;
}

/** systemd alone makes groups below those of its units, unless the unit delegates: what may be written need not be ours. */
function isLeftToUs(folder: string): boolean {
  if (!existsSync(SYSTEMD_RUNS)) return true;
  const unit = /([^/]+\.(?:service|scope))$/.exec(folder)?.[1];
  if (unit === undefined) return false;
  const manager = /\/user@\d+\.service\//.test(folder) ? ["--user"] : [];
  // The group of a system unit belongs to the unit's account only where it is delegated. It need not be asked for: the bus does not know an account that
  // systemd has made up where nobody has installed libnss-systemd.
  if (manager.length === 0 && userId() !== ROOT && statSync(folder).uid === userId()) return true;
  const words = [...manager, "show", "--property=Delegate", "--value", "--", unit];
  return execFileSync("systemctl", words, { encoding: "utf8", timeout: LIMIT_MS, stdio: "pipe" }).trim() === "yes";
}
