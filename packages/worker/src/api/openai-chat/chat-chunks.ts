import type { ReportedTokens } from "@drover/contract/request-report";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { OutputEnd, OutputPiece, PromptProgress } from "../../generation/output/output.ts";
import type { GeneratedToken } from "../../generation-contract.ts";
import type { Serving } from "../serving.ts";
import { chatLogprobs } from "../generating/token-logprobs.ts";
import { progressOf } from "../generating/prompt-pings.ts";
import type { StreamForm } from "../generating/choices.ts";
import { Timings, timingsText } from "../generating/timings.ts";
import { usageOf } from "../generating/usage.ts";

/** What all chunks of a response have, and the response that is sent in one piece. */
export interface ChunkHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** What a client asked for on top. */
interface ChunkExtras {
  readonly usage: boolean;
  /** llama.cpp's `return_progress`. */
  readonly progress: boolean;
  /** llama.cpp's `timings_per_token`. */
  readonly timings: boolean;
}

/** The events of a streamed chat completion. What does not change from token to token is put into JSON once. */
export class ChatChunks implements StreamForm {
  readonly #serving: Serving;
  readonly #withLogprobs: boolean;
  readonly #with: ChunkExtras;
  readonly #head: string;
  readonly #usageNull: string;
  readonly #timings: Timings;
  readonly eventOf: StreamForm["eventOf"];

  constructor(serving: Serving, job: ChatJob, head: ChunkHead, extras: ChunkExtras) {
    this.#serving = serving;
    this.#withLogprobs = job.topLogprobs !== undefined;
    this.#with = extras;
    this.#usageNull = extras.usage ? ',"usage":null' : "";
    const constant = JSON.stringify({
      id: head.id,
      object: "chat.completion.chunk",
      created: head.created,
      model: head.model,
      system_fingerprint: "drover",
    });
    this.#head = `data: ${constant.slice(0, -1)},"choices":[`;
    this.#timings = new Timings(serving.clock);
    this.eventOf = extras.progress ? (progress, timeMs) => this.#progress(progress, timeMs) : undefined;
  }

  begin(index: number, { prompt }: Pick<ReportedTokens, "prompt">): string {
    this.#timings.first(prompt);
    return this.#event(index, '{"role":"assistant","content":""}', "null", "null");
  }

  pieces(
    index: number,
    pieces: readonly OutputPiece[],
    tokens: readonly GeneratedToken[],
    counts: Readonly<Omit<ReportedTokens, "prompt">>,
  ): string {
    const logprobs = this.#logprobs(tokens);
    const more = this.#with.timings ? `,${timingsText(this.#timings.soFar(counts))}` : "";
    if (pieces.length === 0) return logprobs === "null" ? "" : this.#event(index, "{}", logprobs, "null", more);
    return pieces
      .map((piece, at) =>
        this.#event(index, deltaOf(piece), at === pieces.length - 1 ? logprobs : "null", "null", more),
      )
      .join("");
  }

  finish(index: number, end: OutputEnd): string {
    return this.#event(index, "{}", "null", `"${end.finish}"`, `,${timingsText(this.#timings.of(end))}`);
  }

  last(ends: readonly OutputEnd[]): string {
    const [first] = ends;
    if (first === undefined || !this.#with.usage) return "data: [DONE]\n\n";
    const usage = JSON.stringify(usageOf(ends.map((end) => end.tokens)));
    return `${this.#head}],"usage":${usage},${timingsText(this.#timings.of(first))}}\n\ndata: [DONE]\n\n`;
  }

  #progress(progress: PromptProgress, timeMs: number): string {
    const more = `,"prompt_progress":${JSON.stringify(progressOf(progress, timeMs))}`;
    return this.#event(0, '{"role":"assistant","content":null}', "null", "null", more);
  }

  #event(index: number, delta: string, logprobs: string, finish: string, more = ""): string {
    return `${this.#head}{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}]${this.#usageNull}${more}}\n\n`;
  }

  #logprobs(tokens: readonly GeneratedToken[]): string {
    if (!this.#withLogprobs || tokens.length === 0) return "null";
    return JSON.stringify({ content: chatLogprobs(this.#serving.vocabulary, tokens), refusal: null });
  }
}

function deltaOf(piece: OutputPiece): string {
  if (piece.kind === "content") return `{"content":${JSON.stringify(piece.text)}}`;
  if (piece.kind === "reasoning") return `{"reasoning_content":${JSON.stringify(piece.text)}}`;
  if (piece.kind === "tool-arguments") {
    return `{"tool_calls":[{"index":${piece.index},"function":{"arguments":${JSON.stringify(piece.text)}}}]}`;
  }
  const call = { index: piece.index, id: piece.id, type: "function", function: { name: piece.name, arguments: "" } };
  return `{"tool_calls":[${JSON.stringify(call)}]}`;
}
