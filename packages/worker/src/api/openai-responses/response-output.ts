import type { OutputPiece } from "../../generation/output/output.ts";

/** An item of a response's `output`, as far as it is written. */
export type OutputItem =
  | { readonly kind: "reasoning" | "summary" | "message"; readonly id: string; text: string }
  | { readonly kind: "call"; readonly id: string; readonly callId: string; readonly name: string; text: string };

/** What a piece did: it went on with an item, or ended one and began another. */
export interface ItemChange {
  readonly ended?: OutputItem;
  readonly begun?: OutputItem;
  readonly item: OutputItem;
  readonly delta: string;
}

/** Gathers pieces into items: thinking, messages and calls, in the order in which they come. */
export class ResponseOutput {
  readonly items: OutputItem[] = [];
  readonly #newId: (prefix: string) => string;
  readonly #thinking: "reasoning" | "summary";

  /** `summarizes`: thinking is given as its own summary, which is what most clients show. */
  constructor(newId: (prefix: string) => string, summarizes: boolean) {
    this.#thinking = summarizes ? "summary" : "reasoning";
    this.#newId = newId;
  }

  get last(): OutputItem | undefined {
    return this.items.at(-1);
  }

  add(piece: OutputPiece): ItemChange {
    if (piece.kind === "tool-call") {
      const item: OutputItem = { kind: "call", id: this.#newId("fc"), callId: piece.id, name: piece.name, text: "" };
      return this.#begin(item, "");
    }
    if (piece.kind === "tool-arguments") return this.#goOn("call", piece.text);
    return this.#goOn(piece.kind === "reasoning" ? this.#thinking : "message", piece.text);
  }

  #goOn(kind: OutputItem["kind"], delta: string): ItemChange {
    const { last } = this;
    if (last?.kind === kind || kind === "call") {
      if (last === undefined) throw new Error("arguments came before their call");
      last.text += delta;
      return { item: last, delta };
    }
    return this.#begin({ kind, id: this.#newId(kind === "message" ? "msg" : "rs"), text: delta }, delta);
  }

  #begin(item: OutputItem, delta: string): ItemChange {
    const ended = this.last;
    this.items.push(item);
    return { begun: item, item, delta, ...(ended === undefined ? {} : { ended }) };
  }
}

/** The item as the API writes it. */
export function itemJson(item: OutputItem, status: "in_progress" | "completed" | "incomplete") {
  if (item.kind === "call") {
    return { type: "function_call", id: item.id, call_id: item.callId, name: item.name, arguments: item.text, status };
  }
  const content = status === "in_progress" || item.text === "" ? [] : [partJson(item)];
  if (item.kind === "reasoning") return { type: "reasoning", id: item.id, summary: [], content, status };
  if (item.kind === "summary") return { type: "reasoning", id: item.id, summary: content, status };
  return { type: "message", id: item.id, role: "assistant", status, content };
}

/** The one part of a message's or a reasoning item's content. */
export function partJson({ kind, text }: OutputItem) {
  if (kind === "reasoning") return { type: "reasoning_text", text };
  if (kind === "summary") return { type: "summary_text", text };
  return { type: "output_text", text, annotations: [], logprobs: [] };
}
