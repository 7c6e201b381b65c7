import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of a file system that descriptions of machines are read from. */
export interface MachineFiles {
  /** Trimmed; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
  readonly list: (path: string) => readonly string[];
}

/** Those of a file system below `root`: a recorded machine, or `/` for this one. */
export function filesBelow(root: string): MachineFiles {
  return {
    read: (path) => {
      try {
        return readFileSync(join(root, path), "utf8").trim();
      } catch {
        return undefined;
      }
    },
    list: (path) => {
      try {
        return readdirSync(join(root, path));
      } catch {
        return [];
      }
    },
  };
}

/** A line such as `MemFree: 12 kB` or `Node 0 MemFree: 12 kB`, in bytes; 0 where there is none. */
export function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024;
}
