/**
 * What the next step computes: one token of every running response, or of those that begin, or a piece of one prompt. A pure function of the slots,
 * the measured costs and how long running responses have paused.
 *
 * llama.cpp computes each piece of a prompt as a group of its own, so a decode that holds both takes as
 * long as the two apart. They are therefore never mixed: the piece that completes a prompt gives its first token without
 * waiting for everybody else's next one, and after each step the newest arrivals and departures count.
 */
import { type Slowness, stepMs } from "./slowness.ts";
import type { StepCosts } from "@drover/contract/step-costs";

export interface WaitingPrompt {
  readonly slot: number;
  /** Tokens that are not evaluated yet; at least 1. */
  readonly remaining: number;
  /** Tokens before them. */
  readonly depth: number;
  /** Since the request came. */
  readonly waitedMs: number;
  /** Nobody has asked for it yet. @default false */
  readonly isAhead?: boolean;
  /** What prompts of its owner have had, where other owners have had less or more. @default 0 */
  readonly ownerReadMs?: number;
  /** What prompts of its owner may take of the time of other owners' responses, until these have had theirs; absent: there are none. */
  readonly besideOthersMs?: number;
}

export interface Situation {
  readonly prompts: readonly WaitingPrompt[];
  /** Responses that run. */
  readonly decoding: number;
  /** Of a step with one token of each running response, as the table says; 0 without costs. */
  readonly decodeMs: number;
  /** Of a step with those of them only whose prompt's last token is all that is left to read; 0: none, or all of them. */
  readonly beginMs: number;
  readonly costs: StepCosts | undefined;
  readonly slowness: Slowness;
  /** Since the running responses had their last token. */
  readonly pausedMs: number;
  /** Whether a prompt was read in that time. */
  readonly hasRead: boolean;
  /** What prompts may take of the time until running responses have had their share; see {@link PromptShare}. */
  readonly creditMs: number;
  readonly longestPauseMs: number;
  /** Most tokens of one decode. */
  readonly batchTokens: number;
}

export type Step =
  | { readonly kind: "decode" }
  /** The last token of the prompts of which nothing else is left to read. */
  | { readonly kind: "begin" }
  /** The next `tokens` of a slot's prompt. */
  | { readonly kind: "read"; readonly slot: number; readonly tokens: number };

/**
 * 0. Responses can begin by a step that is much shorter than everybody's next one: let them.
 * 1. Nobody waits for a prompt: decode.
 * 2. Nobody decodes: read, in pieces that a newcomer with a shorter prompt does not wait for noticeably.
 * 3. Prompts have used up their share of the time, or the pause would get too long: decode.
 * 4. Else read: a slot that fills soon makes every later step cheaper a token.
 *
 * Between owners it is fair: prompts are read of the owner that has had the least, and those of one that has used up its share of the time of others'
 * responses wait.
 *
 * What is read ahead of its request comes after all other prompts, in the smallest pieces that are read at full speed: one after
 * each token of running responses, which would have to pause for it later otherwise.
 */
export function scheduleStep(situation: Situation): Step {
  if (isBeginWorthIt(situation)) return { kind: "begin" };
  const prompt = nextPrompt(situation, promptsInTurn(situation));
  if (prompt === undefined) return { kind: "decode" };
  if (prompt.isAhead === true) return aheadStep(situation, prompt);
  const { slot } = prompt;
  if (situation.decoding === 0) return { kind: "read", slot, tokens: pieceAlone(situation, prompt) };
  if (situation.creditMs <= 0) return { kind: "decode" };
  const tokens = pieceBeside(situation, prompt);
  return tokens > 0 ? { kind: "read", slot, tokens } : { kind: "decode" };
}

/**
 * Prompts that are known but for their last token begin by themselves while running responses pause for no longer than this share of everybody's step:
 * whoever sends one known question after the other takes no more than that from the others.
 */
const BEGIN_SHARE = 0.6;

function isBeginWorthIt({ beginMs, decodeMs, slowness, pausedMs, longestPauseMs, creditMs }: Situation): boolean {
  if (beginMs === 0 || creditMs <= 0) return false;
  const willPauseMs = pausedMs + slowness.decode * beginMs;
  const everybodysMs = slowness.decode * decodeMs;
  return willPauseMs <= BEGIN_SHARE * everybodysMs && willPauseMs + everybodysMs <= longestPauseMs;
}

function aheadStep({ costs, decoding, hasRead, creditMs }: Situation, { slot, remaining }: WaitingPrompt): Step {
  if (decoding > 0 && (hasRead || creditMs <= 0)) return { kind: "decode" };
  const most =
    costs === undefined ? AHEAD_TOKENS : (costs.tileTokens ?? Math.min(AHEAD_TOKENS, fullSpeedTokens(costs)));
  return { kind: "read", slot, tokens: Math.min(remaining, most) };
}

/** Those that somebody has asked for, else all; of the owner that has had the least, and may have more now. */
function promptsInTurn({ prompts: all, decoding }: Situation): readonly WaitingPrompt[] {
  const asked = all.filter(({ isAhead }) => isAhead !== true);
  const prompts = (asked.length > 0 ? asked : all).filter(
    ({ besideOthersMs = 1 }) => decoding === 0 || besideOthersMs > 0,
  );
  const least = Math.min(...prompts.map(({ ownerReadMs = 0 }) => ownerReadMs));
  return prompts.filter(({ ownerReadMs = 0 }) => ownerReadMs === least);
}

/** A prompt that has waited for so many times what it takes to read goes before all shorter ones. */
const MOST_STRETCH = 3;

/** Prompts that are longer than the shortest by less than this gain nothing to speak of by going behind it. */
const SAME_LENGTH = 1.5;

/**
 * The prompt with the fewest tokens left, because its response begins the soonest and each later one waits for less; of those of about its length the one that
 * has waited longest. But first those that have waited too long for their length, the one that has waited longest for it before the others. Nobody starves.
 * Source: shortest remaining processing time, and highest response ratio next (Brinch Hansen, 1971) for its ageing.
 */
function nextPrompt({ costs, slowness }: Situation, prompts: readonly WaitingPrompt[]): WaitingPrompt | undefined {
  const stretch = ({ remaining, depth, waitedMs }: WaitingPrompt) =>
    costs === undefined ? 0 : waitedMs / readMs(remaining, depth, costs, slowness);
  const [late] = prompts
    .filter((prompt) => stretch(prompt) >= MOST_STRETCH)
    .toSorted((a, b) => stretch(b) - stretch(a));
  const shortest = Math.min(...prompts.map(({ remaining }) => remaining));
  const [next] = prompts
    .filter(({ remaining }) => remaining <= SAME_LENGTH * shortest)
    .toSorted((a, b) => b.waitedMs - a.waitedMs || a.remaining - b.remaining);
  return late ?? next;
}

/** Pieces while nothing is known of costs. */
const UNMEASURED_TOKENS = 64;

/** Most tokens of a piece that nobody waits for, and that a newcomer would have to wait for; where kernels have tiles, one of them. */
const AHEAD_TOKENS = 16;

/** A newcomer with a shorter prompt waits for the end of a step: this share of the longest pause. */
const ALONE_SHARE = 0.75;

/** While nobody decodes. */
function pieceAlone(situation: Situation, { remaining, depth }: WaitingPrompt): number {
  const { costs, longestPauseMs, slowness } = situation;
  if (costs === undefined) return Math.min(remaining, situation.batchTokens);
  const most = tokensWithin(ALONE_SHARE * longestPauseMs, depth, costs, slowness);
  return cut(remaining, Math.max(most, fullSpeedTokens(costs)), situation);
}

/**
 * What completes a prompt may make the pause longer by this share of the longest one: in two pieces it costs running responses as
 * much time in all, and the newcomer waits for a step of theirs besides.
 */
const COMPLETION_SHARE = 1 / 3;

/**
 * While others wait for their next token: what still fits into their pause, but no piece so small that its tokens cost more
 * than those of a larger one. On a machine so slow that no such piece fits, one is read after each token. 0: nothing.
 */
function pieceBeside(situation: Situation, { remaining, depth }: WaitingPrompt): number {
  const { costs, slowness, longestPauseMs, pausedMs, decodeMs, hasRead } = situation;
  if (costs === undefined) return hasRead ? 0 : Math.min(remaining, UNMEASURED_TOKENS, situation.batchTokens);
  const ms = longestPauseMs - pausedMs - slowness.decode * decodeMs;
  const completionMs = ms + COMPLETION_SHARE * longestPauseMs;
  if (remaining <= situation.batchTokens && readMs(remaining, depth, costs, slowness) <= completionMs) {
    return wholeTiles(remaining, costs);
  }
  const most = tokensWithin(ms, depth, costs, slowness);
  const least = Math.min(remaining, fullSpeedTokens(costs));
  if (most >= least) return cut(remaining, most, situation);
  return hasRead ? 0 : cut(remaining, least, situation);
}

function readMs(tokens: number, depth: number, costs: StepCosts, slowness: Slowness): number {
  return stepMs(slowness, { kind: "prompt", expectedMs: costs.groupMs(tokens), tokens, depth });
}

/** The largest piece that takes at most `ms`, its attention to the tokens before it included; at least 0. */
function tokensWithin(ms: number, depth: number, costs: StepCosts, slowness: Slowness): number {
  let tokens = costs.tokensWithin(ms / slowness.prompt);
  while (tokens > 0 && readMs(tokens, depth, costs, slowness) > ms) tokens -= 1;
  return tokens;
}

/** Evenly, so that no small remainder is left, and in sizes that the kernels like. */
function cut(remaining: number, most: number, { costs, batchTokens }: Situation): number {
  const limit = Math.min(most, batchTokens);
  if (remaining <= limit) return wholeTiles(remaining, costs);
  const unit = costs === undefined ? KERNEL_TOKENS : kernelTokens(costs);
  const even = remaining / Math.ceil(remaining / limit);
  const rounded = Math.ceil(even / unit) * unit;
  return rounded <= limit ? rounded : Math.max(Math.min(limit, unit), Math.floor(limit / unit) * unit);
}

/** A rest that is read by itself must save this share of the whole. */
const LEAST_SAVED = 0.05;

/** All that is left of a prompt, but for a rest that would begin another tile of the kernels and is cheaper by a step of its own. */
function wholeTiles(remaining: number, costs: StepCosts | undefined): number {
  const tileTokens = costs?.tileTokens;
  if (costs === undefined || tileTokens === undefined) return remaining;
  const rest = remaining % tileTokens;
  const apartMs = costs.groupMs(remaining - rest) + costs.groupMs(rest);
  return apartMs <= (1 - LEAST_SAVED) * costs.groupMs(remaining) ? remaining - rest : remaining;
}

/** A larger piece saves no more than this share of a token's cost. */
const FULL_SPEED_MARGIN = 0.1;

/** The smallest measured piece whose tokens cost hardly more than those of any other. */
function fullSpeedTokens(costs: StepCosts): number {
  const perToken = costs.points.map(({ tokens, ms }) => ({ tokens, ms: ms / tokens }));
  const least = Math.min(...perToken.map(({ ms }) => ms));
  const found = perToken.find(({ ms }) => ms <= (1 + FULL_SPEED_MARGIN) * least);
  return found?.tokens ?? UNMEASURED_TOKENS;
}

/** llama.cpp's kernels for quantized weights take so many tokens at a time; a remainder costs nearly as much. */
const KERNEL_TOKENS = 4;

/** Where the CPU has kernels for so many, what lies between two multiples costs as much as the next one. */
const WIDE_KERNEL_TOKENS = 16;

/** The wide kernels are there where a step of 16 costs at most this share of two steps of 8. */
const WIDE_SHARE = 0.9;

function kernelTokens(costs: StepCosts): number {
  if (costs.tileTokens !== undefined) return costs.tileTokens;
  const half = costs.groupMs(WIDE_KERNEL_TOKENS / 2);
  return costs.groupMs(WIDE_KERNEL_TOKENS) <= WIDE_SHARE * 2 * half ? WIDE_KERNEL_TOKENS : KERNEL_TOKENS;
}
