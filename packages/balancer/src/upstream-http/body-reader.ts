import type { Framing } from "./response-head.ts";
import { ChunkWalker } from "./chunk-walker.ts";

/** How far a body is after the bytes so far. `exact`: nothing came behind its end. */
export type BodyProgress =
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly exact: boolean; readonly trailers: readonly string[] }
  | { readonly kind: "invalid" };

/** `isLast`: the end of the body is written at once behind it. @default false */
export type PassPart = (part: Buffer, isLast?: boolean) => void;

const more: BodyProgress = { kind: "more" };
const nothing = Buffer.alloc(0);

/** Finds the end of a response's body by its framing, and what of the bytes on the way is to be passed on. */
export class BodyReader {
  readonly #framing: Framing;
  readonly #walker: ChunkWalker | undefined;
  /** Of a body with a length. */
  #bytesLeft: number;
  /** Bytes that make no complete chunk yet. */
  #held: Buffer = nothing;
  #payloadBytes = 0;
  readonly #onPayload: ((part: Buffer) => void) | undefined;

  /** With `completeChunks` a chunk is passed on when it is complete, so that an event can be put behind it. `onPayload` is told the body without its framing. */
  constructor(framing: Framing, completeChunks: boolean, onPayload?: (part: Buffer) => void) {
    this.#framing = framing;
    this.#onPayload = onPayload;
    this.#walker = framing.kind === "chunked" ? new ChunkWalker(completeChunks) : undefined;
    this.#bytesLeft = framing.kind === "length" ? framing.lengthBytes : 0;
  }

  /** Bytes of the body itself, without framing. */
  get payloadBytes(): number {
    return this.#walker?.payloadBytes ?? this.#payloadBytes;
  }

  /** Whether the end of the connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.#framing.kind === "until-close";
  }

  /** Whether a part of a chunk was passed on: nothing else can be put into the body now. */
  get inChunk(): boolean {
    return this.#walker?.inChunk === true;
  }

  /** Gives `pass` what goes to the client: with `framed` the chunks as they came, but for the last, otherwise their data. */
  read(bytes: Buffer, framed: boolean, pass: PassPart): BodyProgress {
    if (this.#framing.kind === "none") return { kind: "end", exact: bytes.length === 0, trailers: [] };
    if (this.#framing.kind === "length") return this.#readLength(bytes, pass);
    if (this.#walker !== undefined) return this.#readChunks(bytes, this.#walker, framed, pass);
    this.#payloadBytes += bytes.length;
    this.#onPayload?.(bytes);
    pass(bytes);
    return more;
  }

  /** Never more than was promised: what comes on top is dropped with the connection. */
  #readLength(bytes: Buffer, pass: PassPart): BodyProgress {
    const taken = bytes.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= taken.length;
    this.#payloadBytes += taken.length;
    this.#onPayload?.(taken);
    pass(taken);
    return this.#bytesLeft === 0 ? { kind: "end", exact: taken.length === bytes.length, trailers: [] } : more;
  }

  #readChunks(bytes: Buffer, walker: ChunkWalker, framed: boolean, pass: PassPart): BodyProgress {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = nothing;
    const step = walker.walk(all, this.#payloadListener(all, framed ? undefined : pass));
    if (framed) pass(all.subarray(0, step.passOn), step.kind === "end");
    if (step.kind === "invalid") return { kind: "invalid" };
    if (step.kind === "end") return { kind: "end", exact: step.endOffset === all.length, trailers: step.trailers };
    if (step.passOn < all.length) this.#held = Buffer.from(all.subarray(step.passOn));
    return more;
  }

  #payloadListener(all: Buffer, pass: PassPart | undefined) {
    const onPayload = this.#onPayload;
    if (onPayload === undefined && pass === undefined) return undefined;
    return (start: number, end: number): void => {
      const part = all.subarray(start, end);
      onPayload?.(part);
      pass?.(part);
    };
  }
}
