import type { Time } from "@drover/foundation/clock";
import type { Engine, LogitRow } from "../engine/engine.ts";
import type { GeneratedToken } from "../generation-contract.ts";
import type { Slot } from "./slot.ts";

export interface Sampled {
  readonly slot: Slot;
  /** More than one where drafted tokens came true; undefined: the grammar left no token. */
  readonly generated: readonly (GeneratedToken | undefined)[];
  /** There is no token yet: the last one is decoded again when it may be chosen. */
  readonly isHeld: boolean;
  /** The longest time that a token of it took. */
  readonly tookMs: number;
}

interface SamplingParts {
  readonly engine: Engine;
  readonly clock: Time;
}

/** Samples one token, and one more for each drafted token that it confirms. */
export async function sampleSlot(slot: Slot, rows: readonly LogitRow[], parts: SamplingParts): Promise<Sampled> {
  const generated: (GeneratedToken | undefined)[] = [];
  let tookMs = 0;
  for (const [index, row] of rows.entries()) {
    if (slot.running?.cancelled !== false) break;
    const startMs = parts.clock.monotonicMs();
    const token = await choose(slot, row);
    if (token === "held") return { slot, generated, isHeld: true, tookMs };
    tookMs = Math.max(tookMs, parts.clock.monotonicMs() - startMs);
    generated.push(token === undefined ? undefined : await withLogprobs(slot, row, token, parts.engine));
    if (token === undefined || token !== slot.draft[index]) break;
  }
  return { slot, generated, isHeld: false, tookMs };
}

async function choose(slot: Slot, row: LogitRow): Promise<number | undefined | "held"> {
  const chosen = await slot.running?.apart?.choose(slot.sampler, row);
  if (chosen === undefined) return await slot.sampler.sample(row);
  return chosen === "held" ? chosen : chosen.token;
}

async function withLogprobs({ running }: Slot, row: LogitRow, token: number, engine: Engine): Promise<GeneratedToken> {
  const top = running?.request.topLogprobs;
  if (top === undefined) return { token };
  const { logprob, top: topLogprobs } = await engine.logprobs(row, token, top);
  return { token, logprob, topLogprobs };
}
