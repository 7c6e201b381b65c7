import { constants } from "node:os";
import type { Clock } from "@drover/foundation/clock";
import { grammarTooSlow, WorkerError } from "../errors.ts";
import { ApartProcess } from "./apart-process.ts";
import type { TokenMask } from "./engine.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { ApartReply, GrammarTask } from "./tokenizer-process.ts";

/** CPU time that one token of a request may take. */
const MOST_TOKEN_MS = 3_000;

/** Of a single task; most take less than a millisecond, but the process goes behind all others of the machine. */
const PATIENCE_MS = 5_000;

/** KiB: a large vocabulary and Node take a fifth of it. */
const LITTLE_MEMORY = "ulimit -d 2097152 2>/dev/null";

/** So often a task is given to a new process, where another grammar was the end of the last one. */
const MOST_OPENINGS = 3;

/** A grammar that is held to in another process. Errors of all functions: WorkerError `grammar_too_slow`, `bad_grammar`. */
export interface ApartGrammar {
  /** Takes the token if the grammar allows it. @returns whether it did */
  takeIfAllowed(token: number): Promise<boolean>;
  take(token: number): Promise<void>;
  /** Which tokens may come next? */
  allowed(): Promise<TokenMask>;
  close(): void;
}

/**
 * Holds to grammars in a process of low priority, which may take its time or die: llama.cpp looks at some for seconds, or for ever, before it knows
 * what their next token may be.
 */
export class ApartGrammars {
  readonly #process: ApartProcess;
  #opened = 0;

  constructor(modelPath: string, clock: Clock) {
    const priority = constants.priority.PRIORITY_BELOW_NORMAL;
    this.#process = new ApartProcess({ modelPath, clock, limits: LITTLE_MEMORY, priority });
  }

  /** @param taken tokens that were taken under it already */
  open(gbnf: string, taken: readonly number[]): ApartGrammar {
    this.#opened += 1;
    return new OpenGrammar(this.#process, this.#opened, gbnf, taken);
  }

  dispose(): void {
    this.#process.dispose();
  }
}

class OpenGrammar implements ApartGrammar {
  readonly #process: ApartProcess;
  readonly #id: number;
  readonly #gbnf: string;
  readonly #taken: number[];
  /** What is asked is asked in this order, also where the process was lost in between. */
  readonly #inTurn = oneAtATime();
  #isClosed = false;

  constructor(process: ApartProcess, id: number, gbnf: string, taken: readonly number[]) {
    this.#process = process;
    this.#id = id;
    this.#gbnf = gbnf;
    this.#taken = [...taken];
  }

  takeIfAllowed(token: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const reply = await this.#ask({ kind: "take-if-allowed", id: this.#id, token });
      const isAllowed = "isAllowed" in reply && reply.isAllowed;
      if (isAllowed) this.#taken.push(token);
      return isAllowed;
    });
  }

  take(token: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#ask({ kind: "take", id: this.#id, token });
      this.#taken.push(token);
    });
  }

  allowed(): Promise<TokenMask> {
    return this.#inTurn(async () => {
      const parts: Uint8Array[] = [];
      let cpuMs = 0;
      for (let from = 0; ; ) {
        const reply = await this.#ask({ kind: "allowed", id: this.#id, from });
        if (!("allowed" in reply)) throw new WorkerError("unexpected", "the grammar's process gave no tokens");
        parts.push(reply.allowed);
        if (reply.isLast) return Buffer.concat(parts);
        from += reply.allowed.length;
        cpuMs += reply.cpuMs;
        // Nobody wants to know any more.
        if (this.#isClosed || cpuMs > MOST_TOKEN_MS) throw grammarTooSlow();
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    void this.#inTurn(() =>
      this.#process.run({ task: { kind: "close", id: this.#id }, patienceMs: PATIENCE_MS }),
    ).catch(() => undefined);
  }

  async #ask(task: GrammarTask): Promise<ApartReply> {
    for (let openings = 0; openings < MOST_OPENINGS; openings++) {
      const reply = await this.#run(task);
      if (!("unknown" in reply)) return reply;
      await this.#run({ kind: "open", id: this.#id, gbnf: this.#gbnf, taken: this.#taken });
    }
    throw grammarTooSlow();
  }

  async #run(task: GrammarTask): Promise<ApartReply> {
    let reply: ApartReply;
    try {
      reply = await this.#process.run({ task, patienceMs: PATIENCE_MS });
    } catch (cause) {
      throw grammarTooSlow(cause);
    }
    if ("refused" in reply) throw new WorkerError("bad_grammar", `llama.cpp can't use the grammar: ${reply.refused}`);
    return reply;
  }
}
