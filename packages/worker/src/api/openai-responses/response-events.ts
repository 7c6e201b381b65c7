import { timed } from "../generating/timings.ts";
import type { OutputPiece } from "../../generation/output/output.ts";
import { type OutputItem, type ResponseOutput, itemJson, partJson } from "./response-output.ts";

/** The events of a streamed response. */
export class ResponseEvents {
  readonly #output: ResponseOutput;
  #sequence = 0;

  constructor(output: ResponseOutput) {
    this.#output = output;
  }

  /** An event about the entire response; the last one has llama.cpp's `timings`. */
  response(type: string, response: unknown, timings?: object): string {
    const event = this.#event(type, { response });
    return timings === undefined ? event : timed(event, timings);
  }

  pieces(pieces: readonly OutputPiece[]): string {
    let events = "";
    for (const piece of pieces) {
      const { ended, begun, item, delta } = this.#output.add(piece);
      if (ended !== undefined) events += this.itemEnded(ended);
      if (begun !== undefined) events += this.#itemBegun(begun);
      if (delta !== "")
        events += this.#event(`${deltaType(item)}.delta`, { ...this.#place(item), delta, ...noLogprobs(item) });
    }
    return events;
  }

  itemEnded(item: OutputItem, status: "completed" | "incomplete" = "completed"): string {
    const place = this.#place(item);
    const done =
      item.kind === "call"
        ? this.#event("response.function_call_arguments.done", { ...place, arguments: item.text })
        : this.#event(`${deltaType(item)}.done`, { ...place, text: item.text, ...noLogprobs(item) });
    const part = item.kind === "call" ? "" : this.#event(`${partType(item)}.done`, { ...place, part: partJson(item) });
    const ended = { output_index: this.#indexOf(item), item: itemJson(item, status) };
    return done + part + this.#event("response.output_item.done", ended);
  }

  #itemBegun(item: OutputItem): string {
    const empty = { ...item, text: "" };
    const begun = { output_index: this.#indexOf(item), item: itemJson(empty, "in_progress") };
    const added = this.#event("response.output_item.added", begun);
    if (item.kind === "call") return added;
    return added + this.#event(`${partType(item)}.added`, { ...this.#place(item), part: partJson(empty) });
  }

  #place(item: OutputItem) {
    const place = { item_id: item.id, output_index: this.#indexOf(item) };
    if (item.kind === "summary") return { ...place, summary_index: 0 };
    return item.kind === "call" ? place : { ...place, content_index: 0 };
  }

  #indexOf(item: OutputItem): number {
    return this.#output.items.indexOf(item);
  }

  #event(type: string, data: Readonly<Record<string, unknown>>): string {
    const sequence_number = this.#sequence++;
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...data })}\n\n`;
  }
}

/** Clients expect the list in events of text, and of text only. */
function noLogprobs(item: OutputItem) {
  return item.kind === "message" ? { logprobs: [] } : {};
}

function partType(item: OutputItem): string {
  return item.kind === "summary" ? "response.reasoning_summary_part" : "response.content_part";
}

function deltaType(item: OutputItem): string {
  if (item.kind === "summary") return "response.reasoning_summary_text";
  if (item.kind === "call") return "response.function_call_arguments";
  return item.kind === "message" ? "response.output_text" : "response.reasoning_text";
}
