import type { ListenAddress } from "@drover/balancer";
import type { Environment, LoadedSettings, Settings } from "@drover/config";
import type { OnProgress, OnRetry } from "@drover/models";
import type { Logs } from "../logs.ts";
import type { LoadProgress } from "../worker/worker-change.ts";

/** What `drover up` runs with. */
export interface UpOptions {
  readonly settings: Settings;
  /** Reads the settings again, with these flags on top of those that were typed. Throws ConfigError. */
  readonly loadSettings: (flags: Readonly<Record<string, unknown>>) => LoadedSettings;
  readonly environment: Environment;
  /** Settings file that was read; undefined: none. */
  readonly file: string | undefined;
  readonly logs: Logs;
  readonly display: Display;
}

/** What the person who starts Drover sees beside the log, until it serves. */
export interface Display {
  /** Tells of a model that is fetched; `ended` when it is here, or will not come. */
  readonly download: { readonly onProgress: OnProgress; readonly onRetry: OnRetry; readonly ended: () => void };
  readonly loading: (worker: string, progress: LoadProgress) => void;
  readonly serving: (address: ListenAddress) => void;
  /** It ends: nothing more is shown. */
  readonly end: () => void;
}
