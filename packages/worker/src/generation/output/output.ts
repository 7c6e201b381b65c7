import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import type { GenerationTimeline } from "../../generation-timeline.ts";
import type { EndReason, GeneratedToken } from "../../generation-contract.ts";

/** A piece of a response, in the order in which it was generated. */
export type OutputPiece =
  | { readonly kind: "content"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  /** A tool's call begins. `index` counts the response's calls from 0. */
  | { readonly kind: "tool-call"; readonly index: number; readonly id: string; readonly name: string }
  /** More of a call's arguments, which are JSON when complete. */
  | { readonly kind: "tool-arguments"; readonly index: number; readonly text: string };

/** What the pieces have of one kind of text. */
export function textOf(pieces: readonly OutputPiece[], kind: "content" | "reasoning"): string {
  return pieces.map((piece) => (piece.kind === kind ? piece.text : "")).join("");
}

/** How far a prompt is read: `cached` of its tokens needed no evaluation, and are a part of `read`. */
export interface PromptProgress extends Pick<ReportedTokens, "prompt" | "cached"> {
  readonly read: number;
}

export interface OutputEnd {
  readonly finish: RequestReport["finish"];
  /** The stop string that ended it. */
  readonly stopString?: string;
  readonly tokens: ReportedTokens;
  /** Of its generations, in their order. */
  readonly timelines: readonly GenerationTimeline[];
  /** With `failed`. */
  readonly error?: Error;
}

/** Where one response goes. Called synchronously by the batch loop: quick, and never throwing. */
export interface OutputSink {
  /** More of the prompt is read. Comes only before `onStart`. */
  onPromptRead?(progress: PromptProgress): void;
  /** The first token is there. Comes before all pieces, once, unless the generation fails or is cancelled first. */
  onStart(prompt: Pick<ReportedTokens, "prompt" | "cached">): void;
  /** The pieces of one step; `tokens` are those whose text they complete, with log-probabilities where asked for. `counts` grow with each step. */
  onPieces(
    pieces: readonly OutputPiece[],
    tokens: readonly GeneratedToken[],
    counts: Readonly<Omit<ReportedTokens, "prompt">>,
  ): void;
  /** Last call, exactly once. */
  onEnd(end: OutputEnd): void;
}

/** What the response's consumer is told for the engine's reason. */
export function finishOf(reason: EndReason, calledTools: boolean): OutputEnd["finish"] {
  if (reason === "length" || reason === "cancelled" || reason === "failed") return reason;
  return calledTools ? "tool_calls" : "stop";
}
