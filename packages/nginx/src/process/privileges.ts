import { readFileSync } from "node:fs";
import type { NginxModel } from "../model/model.ts";
import { NginxProcessError } from "../errors.ts";

/** The user that requests are served as. */
export interface ServingUser {
  /** Takes on the user's rights; what needs root is done before, or inside of `asRoot`. */
  drop(): void;
  /** Gets root's rights back for as long as `action` runs: certificates, logs and ports below 1024 at a reload. */
  asRoot<T>(action: () => Promise<T>): Promise<T>;
}

/** Nobody changes who is not root: nginx warns of `user` then, and goes on. */
const unchanged: ServingUser = { drop: () => {}, asRoot: (action) => action() };

/**
 * The rights that `user` asks for. One process does what nginx divides between master and workers, so only its effective user changes.
 * @throws NginxProcessError for a user or group that this machine does not have, as nginx says it
 */
export function servingUser(user: NginxModel["process"]["user"]): ServingUser {
  const { seteuid, setegid, geteuid } = process;
  if (user === undefined || geteuid?.() !== 0 || seteuid === undefined || setegid === undefined) return unchanged;
  const groupName = user.group ?? user.name;
  const uid = idOf("/etc/passwd", user.name, `getpwnam("${user.name}") failed`);
  const gid = idOf("/etc/group", groupName, `getgrnam("${groupName}") failed`);
  const drop = (): void => {
    process.setgroups?.([gid]);
    process.setegid?.(gid);
    process.seteuid?.(uid);
  };
  return {
    drop,
    async asRoot(action) {
      process.seteuid?.(0);
      process.setegid?.(0);
      try {
        return await action();
      } finally {
        drop();
      }
    },
  };
}

function idOf(file: string, name: string, failure: string): number {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((row) => row.startsWith(`${name}:`));
  const id = Number(line?.split(":")[2]);
  if (line === undefined || !Number.isInteger(id)) throw new NginxProcessError(failure);
  return id;
}
