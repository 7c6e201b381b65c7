import type { FileHandle } from "node:fs/promises";
import { get } from "../sources/http-get.ts";
import { writeFully } from "../gguf/write-fully.ts";

/** How a large file is divided between connections. */
export interface SplitRule {
  /** Beside the one that reads from the front. */
  readonly connections: number;
  readonly pieceBytes: number;
  /** Smaller files come by one connection. */
  readonly leastBytes: number;
}

export const USUAL_SPLIT: SplitRule = { connections: 3, pieceBytes: 16 * 2 ** 20, leastBytes: 64 * 2 ** 20 };

/** What the pieces are of. */
export interface SideSource {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly totalBytes: number;
  /** Of the response that the front is read from; pieces of another version are not taken. */
  readonly validator: string;
}

export interface SideParts {
  readonly handle: FileHandle;
  readonly rule: SplitRule;
  readonly signal: AbortSignal;
  /** Told of bytes that arrived. */
  readonly onBytes: (count: number) => void;
  /** Told after each piece that adjoins the end of the file or what has arrived of it. */
  readonly onTail: () => Promise<void>;
  /** What the front has read so far. */
  readonly frontBytes: () => number;
}

/**
 * Reads a file piece by piece from its end, by several connections, while somebody else reads it from its front. A server that
 * refuses a piece, or has another file by now, is asked for no further one.
 */
export class SideConnections {
  readonly #source: SideSource;
  readonly #parts: SideParts;
  /** Pieces from here on were given to a connection. */
  #claimedFrom: number;
  /** Everything from here on has arrived. */
  #tailFrom: number;
  /** Pieces that have arrived and do not adjoin the tail yet: end by beginning. */
  readonly #islands = new Map<number, number>();
  #isBroken = false;
  #isStopped = false;
  readonly #ended: Promise<unknown>;

  constructor(source: SideSource, tailFrom: number, parts: SideParts) {
    this.#source = source;
    this.#parts = parts;
    this.#claimedFrom = tailFrom;
    this.#tailFrom = tailFrom;
    this.#ended = Promise.all(Array.from({ length: parts.rule.connections }, () => this.#work()));
  }

  get tailFrom(): number {
    return this.#tailFrom;
  }

  /** How far the front has to read: up to what has arrived, or will. */
  get frontLimit(): number {
    return this.#isBroken ? this.#tailFrom : this.#claimedFrom;
  }

  /** Begins no further piece. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Until no connection reads any more. */
  async end(): Promise<void> {
    await this.#ended;
  }

  async #work(): Promise<void> {
    for (let piece = this.#claim(); piece !== undefined; piece = this.#claim()) {
      const isHere = await this.#fetch(piece.from, piece.to);
      // A note that can't be written is the front's to tell of, as all else.
      if (isHere) await this.#keep(piece.from, piece.to).catch(() => (this.#isBroken = true));
      else this.#isBroken = true;
    }
  }

  /** The front needs at least a piece of its own, so that both do not race for the same bytes. */
  #claim(): { readonly from: number; readonly to: number } | undefined {
    const { pieceBytes } = this.#parts.rule;
    const to = this.#claimedFrom;
    const from = to - pieceBytes;
    if (this.#isBroken || this.#isStopped || from < this.#parts.frontBytes() + pieceBytes) return undefined;
    this.#claimedFrom = from;
    return { from, to };
  }

  /** Whether all of it arrived. */
  async #fetch(from: number, to: number): Promise<boolean> {
    const { url, headers, totalBytes, validator } = this.#source;
    const { handle, signal, onBytes } = this.#parts;
    try {
      const range = { range: `bytes=${from}-${to - 1}`, "if-range": validator };
      const response = await get(url, { ...headers, ...range }, signal);
      if (response.status !== 206 || response.header("content-range") !== `bytes ${from}-${to - 1}/${totalBytes}`) {
        response.discard();
        return false;
      }
      let at = from;
      for await (const bytes of response.body) {
        if (at + bytes.length > to) return false;
        await writeFully(handle, bytes, at);
        at += bytes.length;
        onBytes(bytes.length);
      }
      return at === to;
    } catch {
      // The front meets the same trouble and tells of it.
      return false;
    }
  }

  async #keep(from: number, to: number): Promise<void> {
    this.#islands.set(to, from);
    const before = this.#tailFrom;
    for (let next = this.#islands.get(this.#tailFrom); next !== undefined; next = this.#islands.get(this.#tailFrom)) {
      this.#islands.delete(this.#tailFrom);
      this.#tailFrom = next;
    }
    if (this.#tailFrom < before) await this.#parts.onTail();
  }
}
