import { unwatchFile, watchFile } from "node:fs";

const lookEveryMs = 1000;

/** Calls `onChange` when one of the files has changed; looks at them once a second, which works on every file system. Returns what ends it. */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  const listener = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }): void => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) onChange();
  };
  for (const file of files) watchFile(file, { interval: lookEveryMs, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
