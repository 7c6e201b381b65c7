import type { TokenSampler } from "../engine/engine.ts";
import type { EndReason, GenerationRequest, GenerationSink } from "./generation-request.ts";

/** A request that holds a slot. */
export interface Running {
  readonly request: GenerationRequest;
  readonly sink: GenerationSink;
  generated: number;
  cancelled: boolean;
}

/**
 * One sequence of the engine's context. `tokens` beyond `evaluated` wait to be decoded; those before it are in the KV
 * cache, and stay there after a request has ended so that the next one may go on from them.
 */
export class Slot {
  readonly id: number;
  readonly sampler: TokenSampler;
  tokens: number[] = [];
  evaluated = 0;
  running: Running | undefined;
  /** Counts up with each use; the lowest is the least recently used. */
  lastUse = 0;

  constructor(id: number, sampler: TokenSampler) {
    this.id = id;
    this.sampler = sampler;
  }

  get pending(): number {
    return this.tokens.length - this.evaluated;
  }

  /** Takes a request whose first `cachedTokens` the sequence holds already. */
  begin(running: Running, cachedTokens: number, use: number): void {
    const { request } = running;
    this.tokens = [...request.prompt];
    this.evaluated = cachedTokens;
    this.running = running;
    this.lastUse = use;
    this.sampler.reset(request.sampling, request.prompt);
    if (request.grammar !== undefined) this.sampler.constrain(request.grammar);
  }

  /** Frees the slot; what was evaluated stays. */
  end(reason: EndReason, error?: Error): void {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    this.tokens.length = this.evaluated;
    running.sink.onEnd(error === undefined ? { reason } : { reason, error });
  }
}
