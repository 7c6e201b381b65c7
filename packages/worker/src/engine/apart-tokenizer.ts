import { constants } from "node:os";
import type { Clock } from "@drover/foundation/clock";
import { ApartProcess } from "./apart-process.ts";
import type { TextKind } from "./engine.ts";

/** A text of a megabyte takes two seconds; on a machine where thirty processes want a core it takes a minute. */
const TEXT_PATIENCE_MS = 60_000;

/** A grammar that takes longer is refused anyway. */
const GRAMMAR_PATIENCE_MS = 5_000;

/** KiB, or as many as may be: a match of std::regex takes some 350 bytes of stack for each character. */
const LARGE_STACK = 'ulimit -s 1048576 2>/dev/null || ulimit -s "$(ulimit -H -s)" 2>/dev/null';

/** After texts of this length the process's stack has grown to tens of megabytes, which only its end gives back. */
const LARGE_TEXT_CHARS = 64 * 1024;

/**
 * Tokenizes texts, and tries grammars, in processes of their own: a text that one dies of is refused. Large texts, some of which take a minute, have a
 * process of low priority, so that nothing else waits for them.
 */
export class ApartTokenizer {
  readonly #process: ApartProcess;
  readonly #forLarge: ApartProcess;

  constructor(modelPath: string, clock: Clock) {
    const priority = constants.priority.PRIORITY_BELOW_NORMAL;
    this.#process = new ApartProcess({ modelPath, clock, limits: LARGE_STACK });
    this.#forLarge = new ApartProcess({ modelPath, clock, limits: LARGE_STACK, priority });
  }

  /** Errors: WorkerError `tokenizer_died`. */
  async tokenize(text: string, kind: TextKind): Promise<readonly number[]> {
    const isLarge = text.length > LARGE_TEXT_CHARS;
    const reply = await (isLarge ? this.#forLarge : this.#process).run({
      task: { kind: "tokenize", text, textKind: kind },
      patienceMs: TEXT_PATIENCE_MS,
      isLast: isLarge,
      size: text.length,
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
    this.#forLarge.dispose();
  }
}
