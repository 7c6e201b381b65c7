import type { Logger } from "pino";
import type { Clock } from "@drover/foundation/clock";
import type { CpuLease } from "./cpu-lease.ts";

/** Nobody has asked for anything for so long. */
const QUIET_MS = 2000;

/** Beyond, attention takes a share of a step that the tables should not have. */
const MOST_HELD_TOKENS = 512;

export interface IdleParts {
  readonly lease: CpuLease;
  readonly pool: {
    /** Engine steps since the start. */
    readonly steps: number;
    describe(): readonly { readonly keptTokens: number }[];
  };
  readonly clock: Pick<Clock, "after">;
  /** False: behind what a slot keeps nothing can be measured, since it could not be cut off again. */
  readonly canCutState: boolean;
  readonly measureRest: (heldTokens: (sequence: number) => number) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Has the tables measured that the start left out, one decode at a time and only while nobody else needs the worker or its
 * CPUs. What a first request interrupts goes on in the next quiet time.
 */
export function measureWhileIdle(parts: IdleParts): void {
  const { lease, pool, clock, measureRest, logger } = parts;
  const mostHeld = parts.canCutState ? MOST_HELD_TOKENS : 0;
  let seenSteps = -1;
  const look = async (): Promise<void> => {
    const isQuiet = lease.isIdle && lease.threads > 0 && pool.steps === seenSteps;
    seenSteps = pool.steps;
    const held = pool.describe().map(({ keptTokens }) => keptTokens);
    if (isQuiet && held.every((tokens) => tokens <= mostHeld)) {
      // The tables are an improvement, no need: what fails once would fail each time.
      await measureRest((sequence) => held[sequence] ?? 0).catch((error: unknown) => {
        logger.warn({ err: error }, "step costs can't be measured while idle");
      });
    }
    clock.after(QUIET_MS, () => void look());
  };
  clock.after(QUIET_MS, () => void look());
}
