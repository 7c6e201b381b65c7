import { createGate } from "./gate.ts";

/** Runs `work` after what came before it has settled: one thing at a time. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = createGate<void>();
    const before = last;
    last = turn.opened;
    return before.then(work).finally(() => turn.open());
  };
}
