/** A file of the snapshots' directory, of any model. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
  readonly lastUseMs: number;
}

/** The least recently used files, which have to go before `neededBytes` more fit into `limitBytes`. */
export function evictSnapshots(
  files: readonly KeptFile[],
  neededBytes: number,
  limitBytes: number,
): readonly KeptFile[] {
  const evicted: KeptFile[] = [];
  let keptBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const file of files.toSorted((a, b) => a.lastUseMs - b.lastUseMs)) {
    if (keptBytes + neededBytes <= limitBytes) break;
    evicted.push(file);
    keptBytes -= file.bytes;
  }
  return evicted;
}
