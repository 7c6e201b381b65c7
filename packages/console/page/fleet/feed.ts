import { signal } from "@preact/signals";
import { ask, ServerError } from "../api/server.ts";
import { everyWhileSeen, monotonicMs } from "../clock.ts";
import { texts } from "../language/language.ts";
import type { ConsoleState } from "@drover/contract/console-state";
import { type FleetState, readMetrics, type SlotsState } from "./fleet-state.ts";
import { type Sample, sampleOf } from "./sample.ts";

/** The last state that was read; undefined: none so far. */
export const fleet = signal<FleetState | undefined>(undefined);

/** The figures of the last minutes, the oldest first. */
export const samples = signal<readonly Sample[]>([]);

/** Why the last reading failed; empty: it did not. */
export const trouble = signal("");

const PERIOD_MS = 1000;
const MOST_SAMPLES = 600;

/** Reads the state each second while the page can be seen. @returns what ends it */
export function followFleet(): () => void {
  let isReading = false;
  const look = async () => {
    if (isReading) return;
    isReading = true;
    await read();
    isReading = false;
  };
  return everyWhileSeen(PERIOD_MS, () => void look());
}

/** The browser's message for a lost connection is not in the page's language. */
function reasonOf(error: Error): string {
  return error instanceof ServerError && error.code === "unreachable" ? texts.value.unreachable : error.message;
}

async function read(): Promise<void> {
  try {
    const [state, slots, metrics] = await Promise.all([
      ask("console/state").then((response) => response.json() as Promise<ConsoleState>),
      ask("upstreams").then((response) => response.json() as Promise<SlotsState>),
      ask("metrics").then((response) => response.text()),
    ]);
    const now = { atMs: monotonicMs(), console: state, slots, metrics: readMetrics(metrics) };
    const before = fleet.value;
    if (before !== undefined) samples.value = [...samples.value.slice(1 - MOST_SAMPLES), sampleOf(before, now)];
    fleet.value = now;
    trouble.value = "";
  } catch (error) {
    trouble.value = reasonOf(error as Error);
  }
}
