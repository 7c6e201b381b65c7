/** Work that goes on until it is told to stop. */
export interface Busy<T> {
  /** Lets what has begun end; resolves with every result so far. @throws what any of the work has thrown */
  stop(): Promise<readonly T[]>;
}

/**
 * Does `work` on so many lines, on each one after the other. For what is to be seen, or done, while there is load: however late
 * that is, the load is there.
 */
export function keepBusy<T>(lines: number, work: () => Promise<T>): Busy<T> {
  const results: T[] = [];
  const over = new AbortController();
  const line = async () => {
    while (!over.signal.aborted) results.push(await work());
  };
  const all = Promise.all(Array.from({ length: lines }, line));
  // Whoever stops it hears of it.
  all.catch(() => {});
  return {
    stop: async () => {
      over.abort();
      await all;
      return results;
    },
  };
}
