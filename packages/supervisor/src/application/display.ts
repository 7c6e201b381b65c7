import type { ListenAddress } from "@drover/balancer";
import type { OnProgress, OnRetry } from "@drover/models";
import type { LoadProgress } from "../worker/worker-change.ts";

/** What the person who starts Drover sees beside the log, until it serves. */
export interface Display {
  /** Tells of a model that is fetched; `ended` when it is here, or will not come. */
  readonly download: { readonly onProgress: OnProgress; readonly onRetry: OnRetry; readonly ended: () => void };
  readonly loading: (worker: string, progress: LoadProgress) => void;
  readonly serving: (address: ListenAddress) => void;
  /** It ends: nothing more is shown. */
  readonly end: () => void;
}
