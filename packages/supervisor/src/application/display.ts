import type { ListenAddress } from "@drover/balancer";
import type { OnProgress, OnRetry } from "@drover/models";

/** What the person who starts Drover sees beside the log, until it serves. */
export interface Display {
  /** Tells of a model that is fetched; `ended` when it is here, or will not come. */
  readonly download: { readonly onProgress: OnProgress; readonly onRetry: OnRetry; readonly ended: () => void };
  /** Share of the model that a worker has loaded, 0 to 1. */
  readonly loading: (worker: string, share: number) => void;
  readonly serving: (address: ListenAddress) => void;
  /** It ends: nothing more is shown. */
  readonly end: () => void;
}
