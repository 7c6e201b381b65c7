import type { Clock } from "@drover/foundation/clock";
import { ApartProcess } from "./apart-process.ts";

/** A text of a megabyte takes two seconds; on a machine where thirty processes want a core it takes a minute. */
const TEXT_PATIENCE_MS = 60_000;

/** A grammar that takes longer is refused anyway. */
const GRAMMAR_PATIENCE_MS = 5_000;

/** KiB, or as many as may be: a match of std::regex takes some 350 bytes of stack for each character. */
const LARGE_STACK = 'ulimit -s 1048576 2>/dev/null || ulimit -s "$(ulimit -H -s)" 2>/dev/null';

/** After texts of this length the process's stack has grown to tens of megabytes, which only its end gives back. */
const LARGE_TEXT_CHARS = 64 * 1024;

/** Tokenizes texts, and tries grammars, in a process of its own: a text that it dies of is refused. */
export class ApartTokenizer {
  readonly #process: ApartProcess;

  constructor(modelPath: string, clock: Clock) {
    this.#process = new ApartProcess({ modelPath, clock, limits: LARGE_STACK });
  }

  /** Errors: WorkerError `tokenizer_died`. */
  async tokenize(text: string, special: boolean): Promise<readonly number[]> {
    const reply = await this.#process.run({
      task: { kind: "tokenize", text, special },
      patienceMs: TEXT_PATIENCE_MS,
      isLast: text.length > LARGE_TEXT_CHARS,
    });
    return "tokens" in reply ? [...reply.tokens] : [];
  }

  /** What the first token under a client's grammar takes, or why llama.cpp refuses it. Errors: WorkerError `tokenizer_died`. */
  async tryGrammar(gbnf: string): Promise<{ readonly ms: number } | { readonly refused: string }> {
    const reply = await this.#process.run({
      task: { kind: "try-grammar", gbnf },
      patienceMs: GRAMMAR_PATIENCE_MS,
    });
    return "ms" in reply || "refused" in reply ? reply : { refused: "it was taken for something else" };
  }

  dispose(): void {
    this.#process.dispose();
  }
}
