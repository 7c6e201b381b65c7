import { createHash } from "node:crypto";
import type { Clock } from "@drover/foundation/clock";
import type { ClientRequest } from "./client-request.ts";

const rememberedMs = 600_000;
const mostRemembered = 256;
const pieceHashes = 2 ** 20;
/** What lies behind them must be the same byte by byte: to look for pieces takes a millisecond for so many. */
const mostComparedBytes = 256 * 1024;

type Sent = Pick<ClientRequest, "method" | "target" | "owner">;

/** Requests that crashed workers, so that the same one, or one like it, crashes none when it comes again. Only digests are kept. */
export class CondemnedRequests {
  readonly #clock: Clock;
  /** Digest and when it was last condemned, oldest first. */
  readonly #known = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  recordOf(request: Sent, body: Uint8Array): CrashRecord {
    return new CrashRecord(this, request, body);
  }

  /** Whether there is any: the usual case costs no digest. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** @param digest of a request, or its likeness */
  has(digest: string): boolean {
    const since = this.#known.get(digest);
    return since !== undefined && this.#clock.monotonicMs() - since < rememberedMs;
  }

  /** @param digest as for {@link has} */
  add(digest: string): void {
    this.#known.delete(digest);
    this.#known.set(digest, this.#clock.monotonicMs());
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** What is known of one request. */
export class CrashRecord {
  readonly #condemned: CondemnedRequests;
  readonly #request: Sent;
  readonly #body: Uint8Array;
  #digest: string | undefined;
  #likeness: string | undefined;

  constructor(condemned: CondemnedRequests, request: Sent, body: Uint8Array) {
    this.#condemned = condemned;
    this.#request = request;
    this.#body = body;
  }

  get digest(): string {
    return (this.#digest ??= digestOf(this.#request, this.#body));
  }

  /** A digest that other requests have too, which are like it. */
  get likeness(): string {
    return (this.#likeness ??= likenessOf(this.#request, this.#body));
  }

  /** Has the same request crashed workers, or one of the same sender that is like it? */
  isCondemned(): boolean {
    return !this.#condemned.isEmpty && (this.#condemned.has(this.digest) || this.#condemned.has(this.likeness));
  }

  /** It has crashed workers itself. */
  condemn(): void {
    this.#condemned.add(this.digest);
    this.#condemned.add(this.likeness);
  }
}

function digestOf({ method, target }: Sent, body: Uint8Array): string {
  return createHash("sha256").update(`${method} ${target}\n`).update(body).digest("base64");
}

/**
 * The same for requests of one sender that consist of the same pieces of four characters: blanks, the case of letters, how often anything repeats and
 * most digits make no difference. Thirty thousand dashes are like forty thousand; two texts of people are not alike, nor two lists of tokens.
 */
function likenessOf({ method, target, owner }: Sent, body: Uint8Array): string {
  const head = `${JSON.stringify(owner)} ${method} ${target}\n`;
  const hash = createHash("sha256")
    .update(head)
    .update(piecesOf(body.subarray(0, mostComparedBytes)));
  return hash.update(body.subarray(mostComparedBytes)).digest("base64");
}

/** A bit for each piece, by a hash of it. */
function piecesOf(body: Uint8Array): Uint8Array {
  const found = new Uint8Array(pieceHashes / 8);
  let piece = 0;
  let isInList = false;
  for (const byte of body) {
    if (byte <= 0x20) continue;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    // Where a number counts or numbers a text, the next request may have another one; an element of a list is content.
    if (isDigit && !isInList) continue;
    if (!isDigit) isInList = byte === LIST || byte === COMMA;
    const isCapital = byte >= 0x41 && byte <= 0x5a;
    piece = (piece << 8) | (isCapital ? byte + 0x20 : byte);
    const at = Math.imul(piece, 0x9e3779b1) >>> 12;
    found[at >>> 3] = (found[at >>> 3] ?? 0) | (1 << (at & 7));
  }
  return found;
}

const LIST = 0x5b;
const COMMA = 0x2c;
