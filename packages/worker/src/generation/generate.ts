import type {
  EndReason,
  GeneratedToken,
  GenerationHandle,
  Generator,
  GrammarSpec,
  Sampling,
} from "../generation-contract.ts";
import type { GenerationTimeline } from "../generation-timeline.ts";
import { type OutputPiece, type OutputSink, finishOf } from "./output/output.ts";
import { completeText } from "../json-schema/grammar/complete-text.ts";
import { grammarRefusal, type HeldText } from "./refuse-grammar.ts";
import { HarmonyText } from "./output/harmony-text.ts";
import { OutputParser, type ParsedStep } from "./output/output-parser.ts";
import { type ReasoningStart, ThinkingTags } from "./output/reasoning.ts";
import type { TokenTexts } from "./output/token-texts.ts";
import type { ToolCallParser } from "./output/tool-calls.ts";

export interface OutputRequest {
  readonly prompt: readonly number[];
  /** Of the prompt: those of system message and tools. */
  readonly systemTokens?: number | undefined;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  /** Tokens that end the response, and are no part of it. */
  readonly stopTokens?: readonly number[] | undefined;
  readonly reasoning: ReasoningStart;
  /** Give thinking as content between its tags. @default false */
  readonly thinkingInText?: boolean;
  /** Most tokens of thinking; then Drover closes the part. */
  readonly thinkingBudget?: number | undefined;
  /** What follows a thinking part that Drover closes, or after which a grammar begins. */
  readonly thinkingEnd: { readonly text: string; readonly tokens: readonly number[] };
  /** The model writes OpenAI's harmony format; `isFinal`: the prompt has begun the response's message. */
  readonly harmony?: { readonly isFinal: boolean } | undefined;
  /** Of the content: thinking before it is free. */
  readonly grammar?: GrammarSpec | undefined;
  /** Makes the parser of one response. Absent: the response calls no tools. */
  readonly toolCalls?: (() => ToolCallParser) | undefined;
  /** Of what follows the beginning of a call; undefined: it stays free. Absent: calls are free. */
  readonly callGrammar?: ((written: string) => GrammarSpec | undefined) | undefined;
  readonly topLogprobs?: number | undefined;
  /** Give the tokens of each piece, as log-probabilities do. @default false */
  readonly keepTokens?: boolean;
  readonly cachePrompt: boolean;
  readonly ignoreEndOfText: boolean;
  /** Hears of all that the only response to a request gives. */
  readonly follower?: (Pick<OutputSink, "onEnd"> & { onPieces(pieces: readonly OutputPiece[]): void }) | undefined;
}

export interface OutputParts {
  readonly generator: Generator;
  readonly tokenTexts: TokenTexts;
}

/** Generates one response into the sink. */
export function generateOutput(parts: OutputParts, request: OutputRequest, sink: OutputSink): GenerationHandle {
  const output = new Output(parts, request, sink);
  output.begin();
  return output;
}

/** A generation of a response. */
type Part = "first" | "next";

/**
 * One response on its way. Most take one generation. Two are needed where thinking must be ended by us (its budget is used
 * up) or where a grammar begins after it or with a call of a tool: the second goes on from the first one's tokens, whose state its slot still keeps.
 */
class Output implements GenerationHandle {
  readonly #parts: OutputParts;
  readonly #request: OutputRequest;
  readonly #sink: OutputSink;
  readonly #parser: OutputParser;
  readonly #tags: ThinkingTags | undefined;
  #handle: GenerationHandle | undefined;
  #generated: number[] = [];
  #counts = { cached: 0, completion: 0, reasoning: 0 };
  readonly #timelines: GenerationTimeline[] = [];
  #stopString: string | undefined;
  #started = false;
  #cancelled = false;
  /** Of a call that the model began. */
  #callGrammar: GrammarSpec | undefined;
  /** Does the running generation keep to it? */
  #bound = false;
  /** What the running generation keeps to, and what it has written. */
  #held: HeldText | undefined;
  /** Tokens to put in before the second generation. */
  #next: readonly number[] | undefined;

  constructor(parts: OutputParts, request: OutputRequest, sink: OutputSink) {
    this.#parts = parts;
    this.#request = request;
    this.#sink = sink;
    this.#tags = request.thinkingInText === true ? new ThinkingTags() : undefined;
    this.#parser = new OutputParser({
      reasoning: request.reasoning,
      stops: request.stops,
      keepTokens: request.keepTokens === true || request.topLogprobs !== undefined,
      keepContent: request.grammar !== undefined,
      harmony: request.harmony && new HarmonyText(request.harmony.isFinal),
      toolCalls: request.toolCalls?.(),
    });
  }

  begin(): void {
    const { grammar, prompt, maxTokens } = this.#request;
    this.#generate("first", prompt, maxTokens, this.#parser.isReasoning ? undefined : grammar);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#handle?.cancel();
  }

  #generate(part: Part, prompt: readonly number[], maxTokens: number, grammar: GrammarSpec | undefined): void {
    const { sampling, topLogprobs, cachePrompt, ignoreEndOfText, toolCalls, systemTokens } = this.#request;
    this.#held = grammar && { grammar, written: [] };
    const marks = grammar !== undefined ? "all" : toolCalls === undefined ? "thinking" : "tools";
    this.#handle = this.#parts.generator.generate(
      {
        prompt,
        // Where none is wanted, one more token is sampled, and not used: llama.cpp has read the prompt then.
        maxTokens: Math.max(1, maxTokens),
        sampling,
        cachePrompt,
        ignoreEndOfText,
        systemTokens,
        grammar,
        topLogprobs,
      },
      {
        onStart: ({ cachedTokens }) => {
          if (part !== "first") return;
          this.#counts.cached = cachedTokens;
          this.#onPromptRead(cachedTokens);
        },
        onTimeline: (timeline) => this.#timelines.push(timeline),
        onPromptRead: (readTokens) => this.#onPromptRead(readTokens),
        onToken: (token) => this.#onToken(token, part, marks),
        onEnd: ({ reason, error }) => this.#onEnd(reason, error),
      },
    );
  }

  #onPromptRead(readTokens: number): void {
    const prompt = this.#request.prompt.length;
    this.#sink.onPromptRead?.({ prompt, cached: this.#counts.cached, read: Math.min(readTokens, prompt) });
  }

  #onToken(token: GeneratedToken, part: Part, marks: "thinking" | "tools" | "all"): "go-on" | "stop" {
    this.#start();
    if (this.#request.maxTokens === 0) return "stop";
    if (this.#request.stopTokens?.includes(token.token) === true) return "stop";
    const wasReasoning = this.#parser.isReasoning;
    const bytes = this.#parts.tokenTexts.bytes(token.token, marks);
    this.#held?.written.push(bytes);
    const step = this.#parser.push(token, bytes);
    this.#counts.completion += 1;
    if (wasReasoning || this.#parser.isReasoning) this.#counts.reasoning += 1;
    if (this.#needsSecond()) this.#generated.push(token.token);
    this.#give(step);
    if (step.stopped !== undefined) {
      this.#stopString = step.stopped;
      return "stop";
    }
    return (part === "first" && this.#mustSwitch(wasReasoning)) || this.#mustBind() ? "stop" : "go-on";
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#sink.onStart({ prompt: this.#request.prompt.length, cached: this.#counts.cached });
  }

  #give({ pieces, tokens }: ParsedStep): void {
    if (pieces.length > 0 || tokens.length > 0)
      this.#sink.onPieces(this.#tags?.write(pieces) ?? pieces, tokens, this.#counts);
  }

  #needsSecond(): boolean {
    const { thinkingBudget, grammar, callGrammar } = this.#request;
    return thinkingBudget !== undefined || grammar !== undefined || callGrammar !== undefined;
  }

  #mustSwitch(wasReasoning: boolean): boolean {
    const { thinkingBudget, thinkingEnd, grammar } = this.#request;
    if (!wasReasoning && !this.#parser.isReasoning) return false;
    if (!this.#parser.isReasoning) {
      if (grammar === undefined) return false;
      this.#next = [];
      return true;
    }
    if (thinkingBudget === undefined || this.#counts.reasoning < thinkingBudget) return false;
    this.#parser.inject(thinkingEnd.text);
    this.#next = thinkingEnd.tokens;
    return true;
  }

  /** Has a call begun whose rest can be held to the tools' schemas? */
  #mustBind(): boolean {
    const opening = this.#callGrammar === undefined ? this.#parser.openingCall : undefined;
    if (opening === undefined) return false;
    this.#callGrammar = this.#request.callGrammar?.(opening);
    if (this.#callGrammar === undefined) return false;
    this.#bound = true;
    this.#next = [];
    return true;
  }

  #onEnd(reason: EndReason, error: Error | undefined): void {
    const next = this.#next;
    this.#next = undefined;
    if (this.#cancelled) return this.#end(reason, error);
    if (reason === "stopped" && next !== undefined) {
      this.#generated.push(...next);
      return this.#goOn(this.#callGrammar ?? this.#request.grammar);
    }
    const refusal = grammarRefusal(error, this.#held);
    // A call that nobody asked to hold to its schema continues without.
    if (refusal !== undefined && this.#bound) {
      this.#bound = false;
      return this.#goOn(undefined);
    }
    this.#end(reason, refusal ?? error);
  }

  #goOn(grammar: GrammarSpec | undefined): void {
    const prompt = [...this.#request.prompt, ...this.#generated];
    const left = this.#left(prompt);
    if (left < 1) return this.#end("length", undefined);
    // Not from inside the batch loop's callback: it has not yet given this response's slot back.
    queueMicrotask(() => {
      if (this.#cancelled) this.#end("cancelled", undefined);
      else this.#generate("next", prompt, left, grammar);
    });
  }

  /** Tokens that the response may still have behind this prompt: none where the thinking filled the slot. */
  #left(prompt: readonly number[]): number {
    const { maxTokens } = this.#request;
    return Math.min(maxTokens - this.#counts.completion, this.#parts.generator.contextTokens - prompt.length);
  }

  /** What is held back. JSON that the length cut off is completed: the response fits its schema even then. */
  #rest(reason: EndReason): ParsedStep {
    const { grammar } = this.#request;
    if (reason !== "length" || grammar === undefined || grammar.isForeign === true || this.#parser.isReasoning)
      return this.#parser.flush();
    return this.#parser.complete((content) => completeText(grammar.gbnf, content));
  }

  #end(reason: EndReason, error: Error | undefined): void {
    if (reason !== "failed" && reason !== "cancelled") {
      this.#start();
      if (this.#stopString === undefined) this.#give(this.#rest(reason));
    }
    const cause = reason === "stopped" && this.#request.maxTokens === 0 ? "length" : reason;
    this.#sink.onEnd({
      finish: finishOf(cause, this.#parser.calledTools),
      tokens: { prompt: this.#request.prompt.length, ...this.#counts },
      timelines: this.#timelines,
      ...(this.#stopString === undefined ? {} : { stopString: this.#stopString }),
      ...(error === undefined ? {} : { error }),
    });
  }
}
