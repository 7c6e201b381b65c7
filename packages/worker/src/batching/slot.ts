import type { Checkpoint, TokenSampler } from "../engine/engine.ts";
import type { ApartChoice } from "./apart/apart-choice.ts";
import { everybodys, type Ownership, ownershipOf } from "./ownership.ts";
import type { PromptSource } from "@drover/contract/request-report";
import { GenerationTimeline } from "../generation-timeline.ts";
import type { PromptReader } from "./prompt-share.ts";
import type { WaitingPrompt } from "./scheduler.ts";
import type { EndReason, GeneratedToken, GenerationRequest, GenerationSink } from "../generation-contract.ts";

/** A request that holds a slot. */
export interface Running {
  readonly request: GenerationRequest;
  readonly sink: GenerationSink;
  /** When it came, on the monotonic clock. */
  readonly sinceMs: number;
  generated: number;
  cancelled: boolean;
  /** Nobody has asked for it: its prompt is read for a request that is expected, and nothing is generated. @default false */
  readonly isAhead?: boolean;
  /** Share of its drafted tokens that came true, lately. */
  draftOdds: number;
  /** Since when it holds the slot. */
  heldSinceMs?: number;
  /** What it needs to begin again where it was, while it has no slot. */
  aside?: { readonly tokens: readonly number[]; readonly sampler: TokenSampler } | undefined;
  /** Where its grammar is sampled apart. */
  apart?: ApartChoice | undefined;
  /** How it goes; undefined until it has its slot. */
  timeline?: GenerationTimeline;
}

/** Between owners slots and time are divided. Those who come by no balancer are all one. */
export function ownerOf({ request }: Pick<Running, "request">): string {
  return request.owner?.id ?? "";
}

/** What a request finds in its slot. */
export interface SlotStart {
  /** Tokens at the beginning of its prompt that the sequence holds already. */
  readonly cachedTokens: number;
  readonly source: PromptSource;
  readonly nowMs: number;
  /** Where its grammar is sampled apart. */
  readonly apart?: ApartChoice | undefined;
}

/**
 * One sequence of the engine's context. `tokens` beyond `evaluated` wait to be decoded; those before it are in the KV
 * cache, and stay there after a request has ended so that the next one may go on from them.
 */
export class Slot {
  readonly id: number;
  sampler: TokenSampler;
  tokens: number[] = [];
  evaluated = 0;
  running: Running | undefined;
  /** Guessed tokens that the next step verifies, behind its one pending token. */
  draft: readonly number[] = [];
  /** Whose is what the slot holds? */
  ownership: Ownership = everybodys;
  /** May what the slot holds be kept for later requests? */
  keeps = true;
  /** Holds what no snapshot has yet. */
  isUnsaved = false;
  /** How many of its tokens a snapshot has, as far as is known. */
  savedTokens = 0;
  /** Of the first tokens that the sequence holds, where the model can't cut its state. */
  checkpoint: Checkpoint | undefined;
  /** Counts up with each use; the lowest is the least recently used. */
  lastUse = 0;

  constructor(id: number, sampler: TokenSampler) {
    this.id = id;
    this.sampler = sampler;
  }

  get pending(): number {
    return this.tokens.length - this.evaluated;
  }

  get owner(): string {
    return this.running === undefined ? "" : ownerOf(this.running);
  }

  /** Whose prompt it reads beside these responses. */
  reader(decoding: readonly Slot[]): PromptReader {
    const { owner } = this;
    return { owner, isBesideOthers: decoding.some((other) => other.owner !== owner) };
  }

  /** For the scheduler. */
  waitingPrompt(nowMs: number): WaitingPrompt {
    const { id: slot, pending: remaining, evaluated: depth, running } = this;
    return {
      slot,
      remaining,
      depth,
      waitedMs: nowMs - (running?.sinceMs ?? nowMs),
      isAhead: running?.isAhead === true,
    };
  }

  /** Takes a request, perhaps again. Errors: WorkerError `bad_grammar`. */
  begin(running: Running, { cachedTokens, source, nowMs, apart }: SlotStart, use: number): void {
    const { request, aside } = running;
    this.tokens = [...(aside?.tokens ?? request.prompt)];
    this.evaluated = cachedTokens;
    this.running = running;
    this.keeps = request.cachePrompt;
    this.ownership = ownershipOf(request);
    this.lastUse = use;
    if (aside !== undefined) {
      this.sampler = aside.sampler;
      running.aside = undefined;
      return;
    }
    this.sampler.reset(request.sampling, request.prompt);
    const { grammar, prompt, resumedTokens = 0 } = request;
    running.apart = apart;
    if (grammar !== undefined && apart === undefined) {
      this.sampler.constrain(grammar, prompt.slice(prompt.length - resumedTokens));
    }
    running.timeline = new GenerationTimeline(this.id, {
      source,
      cachedTokens,
      askedMs: running.sinceMs,
      beganMs: nowMs,
    });
    running.sink.onStart?.({ slot: this.id, cachedTokens });
    running.sink.onTimeline?.(running.timeline);
  }

  /** It takes part in no step until its next token may be chosen. */
  get isHeld(): boolean {
    return this.running?.apart?.isHeld === true;
  }

  /** What the running request has generated, also in workers before this one. */
  get generatedTokens(): readonly number[] {
    const { prompt, resumedTokens = 0 } = (this.running as Running).request;
    return this.tokens.slice(prompt.length - resumedTokens);
  }

  /** Its next tokens are sampled apart. */
  moveApart(apart: ApartChoice): void {
    (this.running as Running).apart = apart;
    this.sampler.constrain(undefined);
  }

  /** Takes a sampled token (undefined: the grammar left none). @returns why the generation ends with it, if it does */
  accept(
    generated: GeneratedToken | undefined,
    contextTokens: number,
    isEndOfText: (token: number) => boolean,
  ): EndReason | undefined {
    const running = this.running as Running;
    if (generated === undefined) return "length";
    if (!running.request.ignoreEndOfText && isEndOfText(generated.token)) return "end-of-text";
    this.tokens.push(generated.token);
    running.generated += 1;
    if (running.sink.onToken(generated) === "stop") return "stopped";
    return running.generated >= running.request.maxTokens || this.tokens.length >= contextTokens ? "length" : undefined;
  }

  /** Frees the slot; what was evaluated stays. */
  end(reason: EndReason, error?: Error): void {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    running.apart?.close();
    this.tokens.length = this.evaluated;
    this.isUnsaved = this.keeps;
    running.sink.onEnd(error === undefined ? { reason } : { reason, error });
  }

  /** Frees the slot for another request. This one begins again with the very tokens and the sampler that it has now; `sampler` replaces that one. */
  setAside(sampler: TokenSampler): Running {
    const running = this.running as Running;
    running.aside = { tokens: [...this.tokens], sampler: this.sampler };
    this.sampler = sampler;
    this.running = undefined;
    this.tokens.length = this.evaluated;
    this.isUnsaved = this.keeps;
    return running;
  }

  /** Another checkpoint, or none, replaces the one before. */
  keep(checkpoint: Checkpoint | undefined): void {
    this.checkpoint?.dispose();
    this.checkpoint = checkpoint;
  }

  /** The sequence is empty now. */
  forget(): void {
    this.keep(undefined);
    this.evaluated = 0;
    this.tokens.length = 0;
    this.draft = [];
    this.isUnsaved = false;
    this.savedTokens = 0;
  }

  /** The two sequences were exchanged in the engine. */
  exchange(other: Slot): void {
    const mine = contents(this);
    Object.assign(this, contents(other));
    Object.assign(other, mine);
  }
}

/** All that belongs to the sequence and its request, and not to the slot's place. */
function contents(slot: Slot) {
  const { sampler, tokens, evaluated, running, draft, checkpoint, lastUse } = slot;
  const { keeps, ownership, isUnsaved, savedTokens } = slot;
  const sequence = { sampler, tokens, evaluated, running, draft, checkpoint, lastUse };
  return Object.assign(sequence, { keeps, ownership, isUnsaved, savedTokens });
}
