import { INTERJECT_HEADER } from "@drover/contract/headers";
import type { Client } from "./exchange-task.ts";
import { headerValue, withoutHopByHop } from "./hop-by-hop.ts";
import { type HeadRead, readResponseHead, type ResponseHead } from "./response-head.ts";
import type { RawHeaders } from "./upstream-request.ts";

/** A head with its status of 200 and more, or 101, and the bytes behind it. */
export interface FinalHead extends Omit<Extract<HeadRead, { kind: "head" }>, "endOffset"> {
  readonly rest: Buffer;
}

const MOST_INFORMATIONAL = 100;
const NOTHING = Buffer.alloc(0);

/** Reads an upstream's bytes up to the head of its response: heads with a status of 1xx come before it, and all may come in pieces. */
export class HeadReader {
  readonly #method: string;
  readonly #onInformational: (head: ResponseHead) => "counts" | "is expected";
  /** Bytes that make no complete head yet. */
  #held: Buffer = NOTHING;
  #informational = 0;

  /** @param onInformational told of each head with a status of 1xx but 101, of which those that count are bounded */
  constructor(method: string, onInformational: (head: ResponseHead) => "counts" | "is expected") {
    this.#method = method;
    this.#onInformational = onInformational;
  }

  /** The bytes are only good until this returns. */
  read(bytes: Buffer): FinalHead | Exclude<HeadRead, { kind: "head" }> {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = NOTHING;
    return this.#next(all);
  }

  #next(bytes: Buffer): FinalHead | Exclude<HeadRead, { kind: "head" }> {
    const read = readResponseHead(bytes, this.#method);
    if (read.kind === "invalid") return read;
    if (read.kind === "incomplete") {
      this.#held = Buffer.from(bytes);
      return read;
    }
    const { kind, head, framing, keepAlive, keepsForMs } = read;
    const rest = bytes.subarray(read.endOffset);
    if (head.status === 101 || head.status >= 200) return { kind, head, framing, keepAlive, keepsForMs, rest };
    if (this.#onInformational(head) === "counts") this.#informational += 1;
    if (this.#informational > MOST_INFORMATIONAL) return { kind: "invalid", reason: "it sends 1xx heads without end" };
    return rest.length === 0 ? { kind: "incomplete" } : this.#next(rest);
  }
}

/** A hint has no body: some clients would take what follows for one. */
const notInHints: ReadonlySet<string> = new Set(["content-length"]);

/** Passes a 103 on, to a client that knows of such heads and reads them; 100 was sent by the server, and 102 says nothing. */
export function relayEarlyHints(head: ResponseHead, { response, request }: Client): void {
  if (head.status !== 103 || response.socket === null || request.httpVersionMinor < 1) return;
  // In a response that has begun it would be a part of the body; and hints are not worth memory for a client that reads nothing.
  if (response.headersSent || response.socket.writableNeedDrain) return;
  const fields = withoutHopByHop(head.headers, notInHints);
  response.socket.write(headText(103, head.reason === "" ? "Early Hints" : head.reason, fields), "latin1");
}

/** What a worker of Drover's own puts into its event stream while it has no head for it yet. */
export function interjectionOf({ status, headers }: ResponseHead): string | undefined {
  const text = status === 102 ? headerValue(headers, INTERJECT_HEADER) : undefined;
  return text === undefined ? undefined : decodeURIComponent(text);
}

/** A head as it stands on the wire, its empty line included. */
export function headText(status: number, reason: string, headers: RawHeaders): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}\r\n`;
}
