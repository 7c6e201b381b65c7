import type {
  EndReason,
  ExpectedPrompt,
  GenerationHandle,
  GenerationRequest,
  GenerationSink,
  Generator,
} from "../generation-contract.ts";
import { type ResponseJournal, ENDED } from "./response-journal.ts";

/** Between the seeds of a response's parts: the random numbers of its beginning must not come again. */
const SEED_STEP = 0x9e3779b1;

/**
 * The slots, for one response that outlives its worker: tokens are written to the journal before anybody sees them, and
 * those of an earlier worker come first, as if they were generated now. What is made of tokens (text, thinking, calls of
 * tools, stops) is so built up again by the very code that made it, and comes out the same.
 */
export class JournaledGenerator implements Generator {
  readonly contextTokens: number;
  readonly #generator: Generator;
  readonly #journal: ResponseJournal;
  readonly #on: { readonly journaled: () => void; readonly givenUp: () => void };
  #state: "new" | "journaled" | "given-up" = "new";
  #running = false;

  /** `journaled` is called when the response is first written down; `givenUp` when it is one that can't be. May throw. */
  constructor(
    generator: Generator,
    journal: ResponseJournal,
    on: { readonly journaled: () => void; readonly givenUp: () => void },
  ) {
    this.contextTokens = generator.contextTokens;
    this.#generator = generator;
    this.#journal = journal;
    this.#on = on;
  }

  generate(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    // Log-probabilities are not written down, and of responses side by side nobody could say whose turn a token was.
    if (this.#running || request.topLogprobs !== undefined) this.#giveUp();
    else if (this.#state === "new") {
      this.#state = "journaled";
      this.#journal.start();
      this.#on.journaled();
    }
    if (this.#state === "given-up") return this.#generator.generate(request, sink);
    this.#running = true;
    return this.#journal.recorded.length > 0 ? this.#replay(request, sink) : this.#record(request, sink);
  }

  readAhead(expected: ExpectedPrompt): void {
    this.#generator.readAhead?.(expected);
  }

  inKeptTokens(expected: ExpectedPrompt): readonly number[] {
    return this.#generator.inKeptTokens?.(expected) ?? expected.prompt;
  }

  #giveUp(): void {
    if (this.#state === "given-up") return;
    this.#state = "given-up";
    this.#journal.recorded.length = 0;
    this.#journal.remove();
    this.#on.givenUp();
  }

  /** Not before the caller has its handle, as a generation would. */
  #replay(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    let handle: GenerationHandle | undefined;
    let isCancelled = false;
    queueMicrotask(() => {
      if (isCancelled) return this.#end(sink, "cancelled");
      sink.onStart?.({ slot: 0, cachedTokens: this.#journal.cachedTokens ?? 0 });
      const { tokens, end } = this.#play(request, sink);
      if (end !== undefined) this.#end(sink, end);
      else handle = this.#record(goingOn(request, tokens), { ...sink, onStart: () => undefined });
    });
    return {
      cancel: () => {
        isCancelled = true;
        handle?.cancel();
      },
    };
  }

  /** Hands recorded tokens to the sink, up to where this generation ended or its worker died. */
  #play(request: GenerationRequest, sink: GenerationSink): { tokens: readonly number[]; end: EndReason | undefined } {
    const { recorded } = this.#journal;
    const tokens: number[] = [];
    const most = Math.min(request.maxTokens, this.contextTokens - request.prompt.length);
    while (tokens.length < most) {
      const word = recorded.shift();
      if (word === undefined) return { tokens, end: undefined };
      if (word === ENDED["end-of-text"]) return { tokens, end: "end-of-text" };
      if (word === ENDED.length) return { tokens, end: "length" };
      tokens.push(word);
      if (sink.onToken({ token: word }) === "stop") return { tokens, end: "stopped" };
    }
    if (recorded[0] === ENDED.length) recorded.shift();
    return { tokens, end: "length" };
  }

  #record(request: GenerationRequest, sink: GenerationSink): GenerationHandle {
    return this.#generator.generate(request, {
      ...sink,
      onStart: (start) => {
        this.#journal.begin(start.cachedTokens);
        sink.onStart?.(start);
      },
      onToken: (token) => {
        this.#journal.append(token.token);
        return sink.onToken(token);
      },
      onEnd: ({ reason, error }) => {
        if (reason === "end-of-text" || reason === "length") this.#journal.append(ENDED[reason]);
        this.#end(sink, reason, error);
      },
    });
  }

  #end(sink: GenerationSink, reason: EndReason, error?: Error): void {
    this.#running = false;
    sink.onEnd(error === undefined ? { reason } : { reason, error });
  }
}

function goingOn(request: GenerationRequest, tokens: readonly number[]): GenerationRequest {
  const { sampling } = request;
  return {
    ...request,
    prompt: [...request.prompt, ...tokens],
    resumedTokens: tokens.length,
    maxTokens: request.maxTokens - tokens.length,
    sampling: { ...sampling, seed: (sampling.seed + tokens.length * SEED_STEP) >>> 0 },
  };
}
