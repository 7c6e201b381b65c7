import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where in the folder that is kept which depends on these facts, and on nothing else. */
export function cacheFile(folder: string, facts: Readonly<Record<string, unknown>>): string {
  const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  return join(folder, `${digest.slice(0, 32)}.json`);
}

let writes = 0;

/** Writes the complete file or nothing: of several writers at a time, in this process and in others, the last one counts. */
export async function writeCacheFile(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}.${++writes}`;
  await writeFile(own, JSON.stringify(value));
  await rename(own, path);
}
