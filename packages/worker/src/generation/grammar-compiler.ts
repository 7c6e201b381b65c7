import { Worker } from "node:worker_threads";
import { writeJsonInSlices } from "@drover/contract/json/sliced-json";
import type { Clock } from "@drover/foundation/clock";
import { badField, invalid } from "../errors.ts";
import { TaskThread } from "./task-thread.ts";
import type { CompiledGrammar, OutputConstraint } from "./output-grammar.ts";
import type { ToolFormat } from "./output/tool-calls.ts";

/** What the thread is asked. */
export type CompileTask = readonly [format: ToolFormat, constraint: OutputConstraint];

/** Turns the schemas of a request into what its response must keep to. */
export type CompileGrammar = (format: ToolFormat, constraint: OutputConstraint) => Promise<CompiledGrammar>;

/** Of the schemas of a request: to hand the thread more takes milliseconds, and no grammar of as much can be used. */
const MOST_TASK_CHARS = 1024 * 1024;

/** Characters of grammars that are kept: a client sends the same tools with each request. */
const MOST_KEPT_CHARS = 8 * 1024 * 1024;

/** In a thread of its own, so that the loop goes on; what was made before is not made again. */
export class GrammarCompiler {
  readonly #thread: TaskThread<CompiledGrammar>;
  readonly #kept = new Map<string, { readonly compiled: CompiledGrammar; readonly chars: number }>();
  #keptChars = 0;

  constructor(clock: Clock) {
    const url = new URL("grammar-thread.js", import.meta.url);
    const start = () => new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: 512 } });
    this.#thread = new TaskThread(clock, start, (why) => {
      const message = `The schemas of this request can't be turned into a grammar: ${why}.`;
      return badField(null, message, "unsupported_schema");
    });
  }

  /** @throws RequestError 400 for a schema that a grammar can't say */
  async compile(format: ToolFormat, given: OutputConstraint): Promise<CompiledGrammar> {
    const { tools, toolChoice, parallelToolCalls, contentFormat } = given;
    if (tools.length === 0 && contentFormat === undefined) return { relaxed: [] };
    const constraint = { tools, toolChoice, parallelToolCalls, ...(contentFormat !== undefined && { contentFormat }) };
    const task = [format, constraint] satisfies CompileTask;
    const key = await writeJsonInSlices(task, MOST_TASK_CHARS).catch((error: unknown) => {
      throw error instanceof RangeError ? tooLong(contentFormat?.param ?? "tools") : error;
    });
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.compiled;
    }
    const compiled = await this.#thread.run(key);
    this.#keep(key, compiled);
    return compiled;
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

function tooLong(param: string) {
  return invalid(
    param,
    `the schemas of this request have more than ${MOST_TASK_CHARS} characters`,
    "unsupported_schema",
  );
}
