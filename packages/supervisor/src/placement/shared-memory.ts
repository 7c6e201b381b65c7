import { accessSync, constants, statfsSync, statSync } from "node:fs";

/** Where Linux keeps files in memory. */
export const SHARED_MEMORY = "/dev/shm";

/** Files in memory, as this process may have them. */
export interface SharedMemory {
  readonly freeBytes: number;
  /** Why nothing can be kept there; undefined: it can. */
  readonly problem?: string;
}

/** Looks at {@link SHARED_MEMORY}; what is no memory, or not safe from other users, has a problem. */
export function readSharedMemory(path: string = SHARED_MEMORY): SharedMemory {
  try {
    const { type, bavail, bsize } = statfsSync(path);
    if (type !== TMPFS) return { freeBytes: 0, problem: `${path} is no tmpfs` };
    const { mode } = statSync(path);
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0)
      return { freeBytes: 0, problem: `${path} lets other users replace files (its sticky bit is missing)` };
    accessSync(path, constants.W_OK);
    return { freeBytes: bavail * bsize };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { freeBytes: 0, problem: code === "ENOENT" ? `there is no ${path}` : `${path} can't be used (${code})` };
  }
}

/** Source: statfs(2). */
const TMPFS = 0x01021994;
/** Source: inode(7). */
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;
