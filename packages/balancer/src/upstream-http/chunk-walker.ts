import { readTrailers } from "./response-head.ts";

/** How far a chunked body could be followed. */
export type ChunkStep =
  | {
      readonly kind: "more";
      /** Bytes before this offset are complete framing and may be passed on as they are; the rest is kept for the next step. */
      readonly passOn: number;
    }
  | { readonly kind: "end"; readonly passOn: number; readonly trailers: readonly string[]; readonly endOffset: number }
  | { readonly kind: "invalid"; readonly passOn: number };

const maxSizeLineBytes = 1024;

/**
 * Follows the framing of a chunked body without taking it apart: it reads the size lines and jumps over the data, so that a body that is already
 * framed can go to the client as the bytes it came in. The last chunk and the trailers are never in `passOn`.
 */
export class ChunkWalker {
  /** Bytes of chunk data that are still to come. */
  #dataLeft = 0;
  #crlfDue = false;
  /** Bytes of the body itself, without framing. */
  payloadBytes = 0;
  readonly #completeChunks: boolean;

  /** With `completeChunks` a chunk is passed on only when it is complete (up to `holdBytes`), so that an error event can follow it cleanly. */
  constructor(completeChunks: boolean) {
    this.#completeChunks = completeChunks;
  }

  /** A part of a chunk was passed on: nothing else can be put into the body now. */
  get inChunk(): boolean {
    return this.#crlfDue;
  }

  /** `onData` is told where the body's own bytes lie. */
  walk(bytes: Buffer, onData?: (start: number, end: number) => void): ChunkStep {
    let at = 0;
    while (true) {
      if (this.#dataLeft > 0) {
        const end = Math.min(bytes.length, at + this.#dataLeft);
        onData?.(at, end);
        this.#dataLeft -= end - at;
        this.payloadBytes += end - at;
        at = end;
        if (this.#dataLeft > 0) return { kind: "more", passOn: at };
      }
      if (this.#crlfDue) {
        if (bytes.length < at + 2) return { kind: "more", passOn: at };
        if (bytes[at] !== 13 || bytes[at + 1] !== 10) return { kind: "invalid", passOn: at };
        this.#crlfDue = false;
        at += 2;
      }
      const step = this.#sizeLine(bytes, at);
      if (typeof step !== "number") return step;
      at = step;
    }
  }

  /** Reads the size line at `at`; the offset of the data behind it, or why the walk ends here. */
  #sizeLine(bytes: Buffer, at: number): number | ChunkStep {
    const lineEnd = bytes.indexOf(10, at);
    if (lineEnd < 0) return { kind: bytes.length - at > maxSizeLineBytes ? "invalid" : "more", passOn: at };
    const size = readSize(bytes, at, lineEnd);
    if (size === undefined) return { kind: "invalid", passOn: at };
    if (size === 0) return readEnd(bytes, at, lineEnd + 1);
    if (this.#completeChunks && size <= holdBytes && bytes.length < lineEnd + 1 + size + 2) {
      return { kind: "more", passOn: at };
    }
    this.#dataLeft = size;
    this.#crlfDue = true;
    return lineEnd + 1;
  }
}

/** Larger chunks are passed on in parts even with `completeChunks`. */
const holdBytes = 65_536;

function readEnd(bytes: Buffer, at: number, trailersAt: number): ChunkStep {
  const trailers = readTrailers(bytes, trailersAt);
  if (trailers === "incomplete") return { kind: "more", passOn: at };
  if (trailers === "invalid") return { kind: "invalid", passOn: at };
  return { kind: "end", passOn: at, trailers: trailers.headers, endOffset: trailers.endOffset };
}

/** `1a\r\n` or `1a;ext\r\n`; at most twelve digits, so that the number is exact. */
function readSize(bytes: Buffer, start: number, lineEnd: number): number | undefined {
  if (lineEnd - start > maxSizeLineBytes || bytes[lineEnd - 1] !== 13) return undefined;
  let size = 0;
  let at = start;
  for (; at < lineEnd - 1; at += 1) {
    const digit = hexDigit(bytes[at] ?? 0);
    if (digit < 0) break;
    size = size * 16 + digit;
  }
  const digits = at - start;
  if (digits === 0 || digits > 12) return undefined;
  return at === lineEnd - 1 || bytes[at] === 59 || bytes[at] === 32 || bytes[at] === 9 ? size : undefined;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
