import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { Clock } from "@drover/foundation/clock";

const lookEveryMs = 1000;

/**
 * Calls `onChange` when the files hold something else than at `seen` (a `digestFiles`), and at each change after that. They are read
 * once a second: that works on every file system, and misses no change that leaves time and size as they were. Returns what ends it.
 */
export function watchFiles(files: readonly string[], seen: string, clock: Clock, onChange: () => void): () => void {
  if (files.length === 0) return () => undefined;
  let last = seen;
  let isLooking = false;
  let isOver = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const now = digest(await Promise.all(files.map((file) => contentOf(file))));
    isLooking = false;
    if (isOver || now === last) return;
    last = now;
    onChange();
  };
  const stop = clock.every(lookEveryMs, () => void look());
  return () => {
    isOver = true;
    stop();
  };
}

/** What the files hold now. Take it before they are used: what changes in between is then seen by `watchFiles`. */
export function digestFiles(files: readonly string[]): string {
  return digest(files.map((file) => readIfThere(file)));
}

function readIfThere(file: string): Buffer | string {
  try {
    return statSync(file).isFile() ? readFileSync(file) : ABSENT;
  } catch {
    return ABSENT;
  }
}

async function contentOf(file: string): Promise<Buffer | string> {
  try {
    return (await stat(file)).isFile() ? await readFile(file) : ABSENT;
  } catch {
    return ABSENT;
  }
}

/** Of a pipe too: to read one may take for ever. */
const ABSENT = "absent";

function digest(contents: readonly (Buffer | string)[]): string {
  const parts = contents.map((content) => createHash("sha256").update(content).digest("hex"));
  return parts.join(" ");
}
