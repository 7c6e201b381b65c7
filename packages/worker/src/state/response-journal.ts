import { messageOf } from "@drover/foundation/error-text";
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where journals lie, and whose they are. */
export interface JournalSettings {
  /** Of all workers of a supervisor, in memory, and this user's alone. */
  readonly directory: string;
  /** Of the model and its name, 31 bits: a journal of another one is of no use. */
  readonly identity: number;
  /** Told why a response will not survive its worker. */
  readonly onTrouble: (message: string) => void;
}

/** What a journal's words say behind the tokens. */
export const ENDED = { "end-of-text": -1, length: -2 } as const;

/** Identity, time of creation in seconds, cached tokens of the prompt. */
const HEAD_WORDS = 3;
const UNKNOWN = -1;

/**
 * The tokens of one response, each written down before anything is made of it: a file in shared memory that outlives the
 * worker, so that another one can go on from there. It is gone once the response has its end; one that a dead worker
 * left, and that nobody went on with, grows old among the snapshots and goes with them.
 */
export class ResponseJournal {
  /** Unix time in seconds of the first attempt. */
  readonly createdSeconds: number;
  /** Is this a response that another worker began? */
  readonly isTakenOver: boolean;
  /** Tokens of an earlier worker, and perhaps how it ended ({@link ENDED}), that are not played again yet. */
  readonly recorded: number[];
  readonly #settings: JournalSettings;
  readonly #path: string;
  #cachedTokens: number;
  #file: number | undefined;
  #words = 0;

  /** Reads what an earlier worker left; writes nothing yet. `key`: of the request, the same for each attempt at it. */
  constructor(settings: JournalSettings, key: string, nowSeconds: number) {
    this.#settings = settings;
    this.#path = join(settings.directory, `.response-${key}`);
    const [identity, createdSeconds = nowSeconds, cached = UNKNOWN, ...recorded] = readWords(this.#path);
    this.isTakenOver = identity === settings.identity;
    this.createdSeconds = this.isTakenOver ? createdSeconds : nowSeconds;
    this.#cachedTokens = this.isTakenOver ? cached : UNKNOWN;
    this.recorded = this.isTakenOver ? recorded : [];
  }

  /** Of the first attempt's prompt: clients are told once. */
  get cachedTokens(): number | undefined {
    return this.#cachedTokens === UNKNOWN ? undefined : this.#cachedTokens;
  }

  /** Makes the file this worker's own. A worker that is not quite dead goes on writing to one that has no name any more. */
  start(): void {
    const { identity } = this.#settings;
    const words = [identity, this.createdSeconds, this.#cachedTokens, ...this.recorded];
    this.#attempt(() => {
      const own = `${this.#path}.${process.pid}`;
      this.#file = openSync(own, "w", 0o600);
      writeSync(this.#file, wordBytes(words));
      renameSync(own, this.#path);
      this.#words = words.length;
    });
  }

  /** The prompt's tokens that needed no evaluation; the first response counts. */
  begin(cachedTokens: number): void {
    if (this.#file === undefined || this.#cachedTokens !== UNKNOWN) return;
    this.#cachedTokens = cachedTokens;
    this.#write(cachedTokens, HEAD_WORDS - 1);
  }

  /** A token, or one of {@link ENDED}. */
  append(word: number): void {
    if (this.#file !== undefined) this.#write(word, this.#words++);
  }

  /** The response needs no successor any more. Idempotent. */
  remove(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }

  #write(word: number, at: number): void {
    const file = this.#file as number;
    this.#attempt(() => writeSync(file, wordBytes([word]), 0, WORD_BYTES, at * WORD_BYTES));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.remove();
      const reason = messageOf(error);
      this.#settings.onTrouble(`a response can't be written down in ${this.#settings.directory}: ${reason}`);
    }
  }
}

const WORD_BYTES = 4;

/** A word that was not written to its end is none. */
function readWords(path: string): readonly number[] {
  try {
    const bytes = readFileSync(path);
    const count = Math.floor(bytes.length / WORD_BYTES);
    return count < HEAD_WORDS ? [] : Array.from({ length: count }, (_, at) => bytes.readInt32LE(at * WORD_BYTES));
  } catch {
    return [];
  }
}

function wordBytes(words: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(words).buffer);
}
