/** The worker for isolated senders; all others count from 1. */
export const ISOLATION_INDEX = 0;

/** The name of a worker for users. */
export function workerId(index: number): string {
  return index === ISOLATION_INDEX ? "isolation" : String(index);
}
