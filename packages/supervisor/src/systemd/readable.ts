import { dirname } from "node:path";

/** Whom a service runs as; `uid` undefined: an account that systemd makes up, which owns nothing and is in no group. */
export interface ServiceAccount {
  readonly uid: number | undefined;
  readonly gids: readonly number[];
}

/** What the file system says of a path; undefined: there is nothing. */
export type LookUp = (
  path: string,
) => { readonly uid: number; readonly gid: number; readonly mode: number; readonly realPath: string } | undefined;

const READ = 4;
const ENTER = 1;

/** Why the account can't read the file, by owners and modes; undefined: it can. Access lists are not looked at. */
export function whyUnreadable(file: string, account: ServiceAccount, lookUp: LookUp): string | undefined {
  const found = lookUp(file);
  if (found === undefined) return `${file} does not exist`;
  if (!isAllowed(found, account, READ)) return `${file} (mode ${modeText(found.mode)}) is not for it to read`;
  // A link is followed through its own folders and through those of what it leads to.
  const closed = [...foldersOf(file), ...foldersOf(found.realPath)].find((folder) => {
    const entry = lookUp(folder);
    return entry !== undefined && !isAllowed(entry, account, ENTER);
  });
  return closed === undefined ? undefined : `${closed}, which ${file} lies in, is closed to it`;
}

function isAllowed(
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
  account: ServiceAccount,
  bit: number,
): boolean {
  if (account.uid === 0) return true;
  if (account.uid === uid) return (mode & (bit << 6)) !== 0;
  return (mode & (account.gids.includes(gid) ? bit << 3 : bit)) !== 0;
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersOf(folder), folder];
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}
