import { paceReading, turnToRead } from "@drover/foundation/paced-reading";
import type { IncomingMessage } from "node:http";
import type { OwnBudget } from "./body-budget.ts";

/** A request's body, read to its end. */
export type BodyRead =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "too-large" }
  /** The bodies that are held already leave no room for it. */
  | { readonly kind: "no-room" }
  | { readonly kind: "aborted" };

/**
 * Reads a body of at most `limitBytes`, whose bytes are taken from the budget: who is given them gives them back. Of one that announces more nothing is read, and of one that has more nothing is kept.
 */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  budget: OwnBudget,
): Promise<BodyRead> | BodyRead {
  const announced = request.headers["content-length"];
  if (announced === undefined && request.headers["transfer-encoding"] === undefined) return { kind: "none" };
  if (announced !== undefined && Number(announced) > limitBytes) return { kind: "too-large" };
  return new Promise((resolve) => collect(request, limitBytes, budget, resolve));
}

function collect(
  request: IncomingMessage,
  limitBytes: number,
  budget: OwnBudget,
  resolve: (read: BodyRead) => void,
): void {
  const parts = new BodyParts();
  let taken = 0;
  const stop = (): void => {
    request.off("data", onData);
    request.off("end", onEnd);
    request.off("error", onGone);
    request.off("close", onGone);
  };
  const giveUp = (kind: "too-large" | "no-room" | "aborted"): void => {
    stop();
    budget.giveBack(taken);
    resolve({ kind });
  };
  const onData = (part: Buffer): void => {
    if (taken + part.length > limitBytes) return giveUp("too-large");
    if (!budget.take(part.length)) return giveUp("no-room");
    taken += part.length;
    parts.add(part);
    paceReading(request, part);
  };
  const onEnd = (): void => {
    stop();
    const turn = taken < MOST_BLOCK_BYTES ? undefined : turnToRead(taken);
    if (turn === undefined) resolve({ kind: "bytes", bytes: parts.joined() });
    else void turn.then(() => resolve({ kind: "bytes", bytes: parts.joined() }));
  };
  const onGone = (): void => giveUp("aborted");
  request.on("data", onData);
  request.on("end", onEnd);
  request.on("error", onGone);
  request.on("close", onGone);
}

const MOST_BLOCK_BYTES = 64 * 1024;
const SMALL_BYTES = 16 * 1024;

/**
 * What of a body has come. A client may send each byte as a chunk of its own, and a buffer of its own takes hundreds of bytes: small parts are copied
 * together, in blocks that are no larger than what came before them.
 */
class BodyParts {
  readonly #parts: Buffer[] = [];
  #sizeBytes = 0;
  /** Its first bytes hold the small parts that came last. */
  #block = Buffer.alloc(0);
  #usedBytes = 0;

  add(part: Buffer): void {
    if (this.#sizeBytes === 0 || part.length >= SMALL_BYTES) {
      this.#closeBlock();
      this.#parts.push(part);
    } else this.#addSmall(part);
    this.#sizeBytes += part.length;
  }

  joined(): Buffer {
    this.#closeBlock();
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
  }

  #addSmall(part: Buffer): void {
    if (part.length > this.#block.length - this.#usedBytes) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafe(Math.max(part.length, Math.min(MOST_BLOCK_BYTES, this.#sizeBytes)));
    }
    this.#usedBytes += part.copy(this.#block, this.#usedBytes);
  }

  /** What is left of it is for small parts that come later. */
  #closeBlock(): void {
    if (this.#usedBytes > 0) this.#parts.push(this.#block.subarray(0, this.#usedBytes));
    this.#block = this.#block.subarray(this.#usedBytes);
    this.#usedBytes = 0;
  }
}
