import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** The user's id; 0 where the system knows none. By the process, not by the name: a container's user may have no entry in passwd. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/** The user's home, or a folder of the user's own among the temporary ones where there is neither `HOME` nor an entry in passwd. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return join(tmpdir(), `drover-home-${userId()}`);
  }
}

/** What Drover keeps for this user between starts. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homeFolder(), ".cache"), "drover");
}
