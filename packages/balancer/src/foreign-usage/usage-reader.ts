import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import type { ApiRoute } from "@drover/contract/routes";
import type { Time } from "@drover/foundation/clock";
import { brotliDecompressSync, constants, unzipSync } from "node:zlib";
import type { Upstream } from "../pool/upstream.ts";
import { headerValue } from "../upstream-http/hop-by-hop.ts";
import type { ResponseHead } from "../upstream-http/response-head.ts";
import { BodyEnds } from "./body-ends.ts";
import { finishIn, modelIn, tokensIn, tokensInList } from "./usage-in-text.ts";

/** What a server that Drover does not own says of a request in its response. */
export interface ForeignUsage {
  readonly model: string | undefined;
  /** Undefined: it says nothing, as many do in a stream unless the client asks for `stream_options.include_usage`. */
  readonly tokens: ReportedTokens | undefined;
  readonly finish: RequestReport["finish"] | undefined;
  /** When the first event or line of a stream came, comments apart. */
  readonly firstEventMs: number | undefined;
}

const COLON = 0x3a;

/** Looks for them in a response while that passes. */
export interface UsageReader {
  /** The next bytes of the body, which are only good until this returns. */
  push(part: Buffer): void;
  /** The body is over. */
  read(): ForeignUsage;
}

/** Of a body without a coding it keeps the ends and reads them when it is over, so that the work does not grow with the text. */
export class PlainUsageReader implements UsageReader {
  readonly #nowMs: () => number;
  readonly #ends = new BodyEnds();
  #firstEventMs: number | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  push(part: Buffer): void {
    if (part.length === 0) return;
    if (this.#firstEventMs === undefined && part[0] !== COLON) this.#firstEventMs = this.#nowMs();
    this.#ends.push(part);
  }

  read(): ForeignUsage {
    const { isEntire } = this.#ends;
    const tail = this.#ends.tail().toString();
    const head = isEntire ? tail : this.#ends.head().toString();
    return {
      model: modelIn(head) ?? (isEntire ? undefined : modelIn(tail)),
      tokens: head.startsWith("[") ? this.#sumOfList(head) : tokensIn(head, tail),
      finish: finishIn(tail) ?? (isEntire ? undefined : finishIn(head)),
      firstEventMs: this.#firstEventMs,
    };
  }

  /** Of a list whose middle was not kept nobody knows. */
  #sumOfList(list: string): ReportedTokens | undefined {
    return this.#ends.isEntire ? tokensInList(list) : undefined;
  }
}

/** What is larger in its coding, or decoded, is not read: this is done while everybody waits. */
const CODED_BYTES = 256 * 1024;
const DECODED_BYTES = 4 * 1024 * 1024;

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  // Of a response that broke off there is no end.
  gzip: (body) => unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: DECODED_BYTES }),
  deflate: (body) => unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: DECODED_BYTES }),
  br: (body) =>
    brotliDecompressSync(body, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: DECODED_BYTES }),
};

/** A body with a coding, as proxies before a server make it, can only be read from its beginning. */
class CodedUsageReader implements UsageReader {
  readonly #nowMs: () => number;
  readonly #decode: (body: Buffer) => Buffer;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #firstPartMs: number | undefined;

  constructor(nowMs: () => number, decode: (body: Buffer) => Buffer) {
    this.#nowMs = nowMs;
    this.#decode = decode;
  }

  push(part: Buffer): void {
    this.#firstPartMs ??= this.#nowMs();
    this.#bytes += part.length;
    if (this.#bytes > CODED_BYTES) this.#parts.length = 0;
    else this.#parts.push(Buffer.from(part));
  }

  read(): ForeignUsage {
    const plain = new PlainUsageReader(() => this.#firstPartMs ?? this.#nowMs());
    try {
      if (this.#parts.length > 0) plain.push(this.#decode(Buffer.concat(this.#parts)));
    } catch {
      // It is not what its head says; the client has it as it came.
    }
    return { ...plain.read(), firstEventMs: this.#firstPartMs };
  }
}

/** Workers of Drover's own report what a request took; of other servers their responses are read. Undefined where nothing is to be heard. */
export function readerFor(
  { route }: { readonly route: ApiRoute | undefined },
  { status, headers }: ResponseHead,
  { reports }: Upstream,
  clock: Pick<Time, "monotonicMs">,
): UsageReader | undefined {
  if (reports || status !== 200 || route?.takesSlot !== true) return undefined;
  return usageReader(headerValue(headers, "content-encoding"), () => clock.monotonicMs());
}

/** Undefined for codings that are not known. */
export function usageReader(coding: string | undefined, nowMs: () => number): UsageReader | undefined {
  if (coding === undefined || coding === "identity") return new PlainUsageReader(nowMs);
  const name = coding.toLowerCase();
  const decode = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  return decode === undefined ? undefined : new CodedUsageReader(nowMs, decode);
}
