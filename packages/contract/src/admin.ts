import { MOST_WORKERS } from "@drover/config";

/** What may be done to running workers, over the admin socket and by the console's buttons. Each throws with the reason where it is refused, and has ended when it is done. */
export interface WorkerActions {
  readonly drain: (worker: string) => Promise<void>;
  readonly undrain: (worker: string) => void;
  /** undefined: all of them. */
  readonly restart: (worker: string | undefined) => Promise<void>;
  readonly scale: (count: number) => Promise<void>;
  /** Resolves with what it has changed. */
  readonly reload: (model: string | undefined) => Promise<object>;
}

/** Each of them by the name that it has in a path; its arguments are in the query. */
export const workerActions: Readonly<
  Record<keyof WorkerActions, (actions: WorkerActions, query: URLSearchParams) => unknown>
> = {
  drain: ({ drain }, query) => drain(query.get("worker") ?? ""),
  undrain: ({ undrain }, query) => undrain(query.get("worker") ?? ""),
  restart: ({ restart }, query) => restart(query.get("worker") ?? undefined),
  scale: ({ scale }, query) => scale(workerCountOf(query.get("count") ?? "")),
  reload: ({ reload }, query) => reload(query.get("model") ?? undefined),
};

/**
 * How many workers there shall be, as somebody has written it: none would refuse every request, and a slip of the hand must not make a million.
 * @throws RangeError with what a user is to be told
 */
export function workerCountOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new RangeError(`"${text}" is no number of workers; give a whole number from 1 to ${MOST_WORKERS}`);
}
