import { type BigIntStats, lstatSync } from "node:fs";

/**
 * What lies at a path that may be a socket's; undefined where there is nothing. With large integers, because Node's
 * `realpathSync` looks at the numbers of the last call that had ordinary ones: after those of a socket it follows no link, and
 * the next `import()` of a package finds none of that package's own dependencies (seen with Node 20.20.2).
 */
export function socketAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}
