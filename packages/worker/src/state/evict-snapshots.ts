/** A file of the snapshots' directory, of any model. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
  readonly lastUseMs: number;
}

/** So many conversations are enough for anyone, and so few files are looked at in a millisecond or two. */
export const MOST_SNAPSHOTS = 1000;

/** The least recently used files, which have to go before another one of `neededBytes` fits into `limitBytes`. */
export function evictSnapshots(
  files: readonly KeptFile[],
  neededBytes: number,
  limitBytes: number,
): readonly KeptFile[] {
  const evicted: KeptFile[] = [];
  let keptBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const file of files.toSorted((a, b) => a.lastUseMs - b.lastUseMs)) {
    if (keptBytes + neededBytes <= limitBytes && files.length - evicted.length < MOST_SNAPSHOTS) break;
    evicted.push(file);
    keptBytes -= file.bytes;
  }
  return evicted;
}
