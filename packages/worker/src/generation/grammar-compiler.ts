import { Worker } from "node:worker_threads";
import type { Clock } from "@drover/foundation/clock";
import { badField, type Refusal, RequestError } from "../errors.ts";
import type { CompiledGrammar, OutputConstraint } from "./output-grammar.ts";
import type { ToolFormat } from "./prompt/chat-template.ts";

export interface CompileMessage {
  readonly id: number;
  readonly format: ToolFormat;
  readonly constraint: OutputConstraint;
}

export interface CompileReply {
  readonly id: number;
  readonly compiled?: CompiledGrammar;
  readonly refused?: { readonly message: string; readonly refusal: Refusal };
  readonly failed?: string;
}

/** Turns the schemas of a request into what its response must keep to. */
export type CompileGrammar = (format: ToolFormat, constraint: OutputConstraint) => Promise<CompiledGrammar>;

/** Bounded by steps, a schema takes a second at the most; this is for a machine that is too busy to count on. */
const PATIENCE_MS = 10_000;

/** Characters of grammars that are kept: a client sends the same tools with each request. */
const MOST_KEPT_CHARS = 8 * 1024 * 1024;

interface Waiting {
  readonly resolve: (compiled: CompiledGrammar) => void;
  readonly reject: (error: Error) => void;
  readonly stopClock: () => void;
}

/** In a thread of its own, so that the loop goes on; what was made before is not made again. */
export class GrammarCompiler {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly compiled: CompiledGrammar; readonly chars: number }>();
  readonly #waiting = new Map<number, Waiting>();
  #keptChars = 0;
  #thread: Worker | undefined;
  #ids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws RequestError 400 for a schema that a grammar can't say */
  async compile(format: ToolFormat, given: OutputConstraint): Promise<CompiledGrammar> {
    const { tools, toolChoice, parallelToolCalls, contentFormat } = given;
    if (tools.length === 0 && contentFormat === undefined) return { relaxed: [] };
    const constraint = { tools, toolChoice, parallelToolCalls, ...(contentFormat !== undefined && { contentFormat }) };
    const key = JSON.stringify([format, constraint]);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.compiled;
    }
    const compiled = await this.#ask({ id: this.#ids++, format, constraint });
    this.#keep(key, compiled);
    return compiled;
  }

  #ask(message: CompileMessage): Promise<CompiledGrammar> {
    return new Promise((resolve, reject) => {
      const stopClock = this.#clock.after(PATIENCE_MS, () => this.#giveUp("it took too long"));
      this.#waiting.set(message.id, { resolve, reject, stopClock });
      this.#thread ??= this.#start();
      this.#thread.ref();
      this.#thread.postMessage(message);
    });
  }

  #start(): Worker {
    const thread = new Worker(new URL("grammar-thread.js", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    thread.on("message", (reply: CompileReply) => this.#onReply(reply));
    thread.on("error", (error) => this.#giveUp(error.message));
    return thread;
  }

  #onReply({ id, compiled, refused, failed }: CompileReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#thread?.unref();
    waiting?.stopClock();
    if (compiled !== undefined) waiting?.resolve(compiled);
    else if (refused !== undefined) waiting?.reject(new RequestError(refused.message, refused.refusal));
    else waiting?.reject(new Error(failed ?? "the grammar's thread gave no result"));
  }

  /** The thread is lost with all that it had to do. */
  #giveUp(why: string): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, stopClock } of waiting) {
      stopClock();
      reject(
        badField(null, `The schemas of this request can't be turned into a grammar: ${why}.`, "unsupported_schema"),
      );
    }
  }

  #keep(key: string, compiled: CompiledGrammar): void {
    const chars = key.length + JSON.stringify(compiled).length;
    this.#kept.set(key, { compiled, chars });
    this.#keptChars += chars;
    for (const [oldest, { chars: freed }] of this.#kept) {
      if (this.#keptChars <= MOST_KEPT_CHARS) break;
      this.#kept.delete(oldest);
      this.#keptChars -= freed;
    }
  }
}
