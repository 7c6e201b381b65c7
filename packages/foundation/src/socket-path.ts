import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** `sun_path` of unix(7) without its closing zero. Node cuts a longer path silently. */
const MOST_PATH_BYTES = process.platform === "linux" ? 107 : 103;

/**
 * With large integers, because Node's `realpathSync` looks at the numbers of the last call that had ordinary ones: after those of a socket it follows no
 * link, and the next `import()` of a package finds none of that package's own dependencies (seen with Node 20.20.2).
 */
const LOOK = { bigint: true, throwIfNoEntry: false } as const;

/** What lies at a path that may be a socket's; undefined where there is nothing. */
export function socketAt(path: string): BigIntStats | undefined {
  return lstatSync(path, LOOK);
}

/** Why no unix socket can be made there, as far as that can be seen without making one. A socket that is there is no reason. */
export function socketPathProblem(path: string): string | undefined {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) return `a path of a socket has at most ${MOST_PATH_BYTES} bytes`;
  const folder = dirname(path);
  try {
    if (socketAt(path)?.isSocket() === false) return "what is there is no socket";
    return statSync(folder, LOOK)?.isDirectory() === true ? undefined : `there is no folder ${folder}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
