import { accessSync, constants, existsSync, lstatSync, mkdirSync, type Stats } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The user's id; 0 where the system knows none. By the process, not by the name: a container's user may have no entry in passwd. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/** The user's home, or a folder of the user's own among the temporary ones where there is neither `HOME` nor an entry in passwd. */
export function homeFolder(): string {
  try {
    const home = homedir();
    if (home !== "") return home;
  } catch {
    // Neither `HOME` nor an entry in passwd.
  }
  return temporaryHome();
}

/**
 * The home below which Drover keeps what it needs between starts: the user's, or where nothing can be written there (a container's user has `/`), the
 * same as for a user without one.
 * @throws Error where another user has taken that one's name
 */
export function keepingHome(): string {
  const home = homeFolder();
  const kept = join(home, ".cache", "drover");
  return existsSync(kept) || mayMake(kept) ? home : temporaryHome();
}

/** What Drover keeps for this user between starts. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(keepingHome(), ".cache"), "drover");
}

function mayMake(folder: string): boolean {
  const above = dirname(folder);
  if (!existsSync(above)) return above !== folder && mayMake(above);
  try {
    accessSync(above, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Nobody else can put anything into it. */
function temporaryHome(): string {
  const folder = join(tmpdir(), `drover-home-${userId()}`);
  const problem = makePrivateFolder(folder);
  if (problem === undefined) return folder;
  throw new Error(`${folder} ${problem}: set HOME or XDG_CACHE_HOME to a folder of your own`);
}

/**
 * Makes a folder into which nobody but this user can put anything, where there is none yet.
 * @returns what is wrong with it, to be said behind its name; undefined: nothing
 */
export function makePrivateFolder(folder: string, uid = userId()): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") return `can't be made (${code})`;
  }
  // A link would lead elsewhere.
  return isPrivate(lstatSync(folder), uid) ? undefined : "belongs to another user, or others may write to it";
}

/** Whether it is a folder into which no other user can put anything. */
export function isPrivate(found: Stats, uid: number): boolean {
  return found.isDirectory() && found.uid === uid && (found.mode & OTHERS_WRITE) === 0;
}

const OTHERS_WRITE = 0o022;
