import type { LoadedSettings, Settings } from "@drover/config";
import type { Logs } from "../logs.ts";
import type { Display } from "./display.ts";

/** What `drover up` runs with. */
export interface UpOptions {
  readonly settings: Settings;
  /** Reads the settings again, with these flags on top of those that were typed. Throws ConfigError. */
  readonly loadSettings: (flags: Readonly<Record<string, unknown>>) => LoadedSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Settings file that was read; undefined: none. */
  readonly file: string | undefined;
  readonly version: string;
  readonly logs: Logs;
  readonly display: Display;
}
