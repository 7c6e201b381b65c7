import type { Load } from "./load.ts";
import type { Recorder } from "./recorder.ts";

/** A step under way, for a progress bar. */
export interface StepProgress {
  readonly index: number;
  readonly steps: number;
  readonly load: Load;
  readonly startMs: number;
  readonly recorder: Recorder;
  /** The window ends with so many responses; undefined: by the clock. */
  readonly responses: number | undefined;
}
