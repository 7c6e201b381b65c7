import type { RecordedMachine } from "./recorded-machines.ts";
import { planGroups } from "../batching/plan-groups.ts";
import type { SimulatedResponse } from "./simulate.ts";

/** Figures of the responses that ended after `fromMs`. */
export interface Figures {
  readonly responses: number;
  readonly requestsPerSecond: number;
  readonly ttftMs: Quantiles;
  readonly meanResponseMs: number;
  /** Between two tokens of one response. */
  readonly longestPauseMs: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

export function figuresOf(responses: readonly SimulatedResponse[], fromMs: number, toMs: number): Figures {
  const ended = responses.filter(({ endMs }) => endMs !== undefined && endMs > fromMs);
  const total = ended.reduce((sum, { sentMs, endMs = 0 }) => sum + endMs - sentMs, 0);
  return {
    responses: ended.length,
    requestsPerSecond: (1000 * ended.length) / (toMs - fromMs),
    ttftMs: quantiles(ended.map(({ sentMs, tokenMs }) => (tokenMs[0] ?? Number.NaN) - sentMs)),
    meanResponseMs: total / ended.length,
    longestPauseMs: ended.flatMap(pausesOf).reduce((longest, ms) => Math.max(longest, ms), 0),
  };
}

function pausesOf({ tokenMs }: SimulatedResponse): readonly number[] {
  return tokenMs.slice(1).map((at, index) => at - (tokenMs[index] ?? at));
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95) };
}

/**
 * Requests a second that the machine's table allows and no scheduler can exceed: each prompt read in the pieces that cost the
 * least, each response's tokens decoded at the cheapest cost of so many slots. Attention is left out.
 */
export function boundOf(
  machine: RecordedMachine,
  load: { readonly slots: number; readonly promptTokens: readonly number[]; readonly outputTokens: number },
): number {
  const decodeMs = Array.from({ length: load.slots }, (_, index) => {
    const places = Array.from({ length: index + 1 }, () => "decoding" as const);
    return (planGroups(places, machine.costs).ms + machine.overheadMs) / places.length;
  });
  // The prompt's last token gives the first of the response.
  const readMs = leastReadMs(machine, Math.max(...load.promptTokens));
  const promptMs = load.promptTokens.reduce((sum, tokens) => sum + (readMs[tokens] ?? 0), 0) / load.promptTokens.length;
  return 1000 / (promptMs + (load.outputTokens - 1) * Math.min(...decodeMs));
}

/** Of prompts of 0, 1, … tokens, in the pieces that cost the least. */
function leastReadMs({ costs, overheadMs }: RecordedMachine, mostTokens: number): readonly number[] {
  const least = [0];
  for (let tokens = 1; tokens <= mostTokens; tokens++) {
    least.push(Math.min(...least.map((restMs, rest) => restMs + overheadMs + costs.groupMs(tokens - rest))));
  }
  return least;
}
