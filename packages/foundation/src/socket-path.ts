import { lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** `sun_path` of unix(7) without its closing zero. Node cuts a longer path silently. */
const MOST_PATH_BYTES = process.platform === "linux" ? 107 : 103;

/** With ordinary integers, Node's `realpathSync` follows no link after it has looked at a socket (seen with Node 20.20.2). */
const LOOK = { bigint: true, throwIfNoEntry: false } as const;

/** Why no unix socket can be made there, as far as that can be seen without making one. A socket that is there is no reason. */
export function socketPathProblem(path: string): string | undefined {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) return `a path of a socket has at most ${MOST_PATH_BYTES} bytes`;
  const folder = dirname(path);
  try {
    if (lstatSync(path, LOOK)?.isSocket() === false) return "what is there is no socket";
    return statSync(folder, LOOK)?.isDirectory() === true ? undefined : `there is no folder ${folder}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
