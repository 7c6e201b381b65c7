import { createGate } from "./gate.ts";

/** Runs `work` after what came before it has settled: one thing at a time. */
export function createSerialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const end = createGate<void>();
    const before = last;
    last = end.opened;
    return before.then(work).finally(() => end.open());
  };
}
