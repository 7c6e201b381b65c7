import { streamForm } from "@drover/contract/routes";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { constants, createGzip, type Gzip } from "node:zlib";
import type { Framing, RelayedHead } from "./response-head.ts";
import { headerValue } from "./hop-by-hop.ts";

/** In bytes a second. A client that takes less of what there is for it is as good as one that takes nothing: it holds a slot. */
const LEAST_SPEED = 4096;

/** For how long a client may let what there is for it wait: it gets back what it takes at the least speed, up to what it had. Pure. */
export class ClientPatience {
  readonly #mostMs: number;
  #leftMs: number;
  #sinceMs: number | undefined;
  #takenBytes = 0;

  /** 0: for ever. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
    this.#leftMs = mostMs;
  }

  /** There is something that the client does not take. */
  get isTried(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** The client takes no more for now. @returns for how long it may; 0 is for ever */
  begin(nowMs: number): number {
    this.#sinceMs = nowMs;
    return Math.ceil(this.#leftMs);
  }

  /** It has taken all that there was, so many bytes since the beginning. */
  end(bytes: number, nowMs: number): void {
    const backMs = (1000 * (bytes - this.#takenBytes)) / LEAST_SPEED;
    const leftMs = this.#leftMs - (nowMs - (this.#sinceMs ?? nowMs)) + backMs;
    if (this.#mostMs > 0) this.#leftMs = Math.max(1, Math.min(this.#mostMs, leftMs));
    this.#takenBytes = bytes;
    this.#sinceMs = undefined;
  }
}

/**
 * The client's side of a relayed response. Where upstream and client frame the body alike (a length, or chunks to an HTTP/1.1 client), its bytes go to the socket as they
 * came, beside Node's response: framing each event anew costs as much as everything else together. Otherwise Node frames.
 */
export class ClientRelay {
  readonly #response: ServerResponse;
  /** The client takes bytes again. */
  onDrained: () => void = () => undefined;
  #socket: Socket | undefined;
  #gzip: Gzip | undefined;
  #waitsForDrain = false;
  /** Set where a response that is no event stream comes after pings: it becomes an event. */
  #collected: Buffer[] | undefined;
  started = false;
  #last: Buffer | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** What ends the last event or line where that was cut off: what follows would be read as a part of it. */
  get #cutEnd(): string {
    if (this.#last === undefined) return "";
    const end = this.#last
      .toString("latin1")
      .slice(-6)
      .replace(this.raw ? /\r\n$/ : "", "");
    if (streamForm(this.#response.req) === "lines") return end.endsWith("\n") ? "" : "\n";
    return /\n\r?\n$/.test(end) ? "" : "\n\n";
  }

  /** True once the upstream's own framing is passed on. */
  get raw(): boolean {
    return this.#socket !== undefined;
  }

  /** Sends the head together with the first bytes of the body; `flush` sends it alone. */
  start(head: RelayedHead, framing: Framing): void {
    const response = this.#response;
    const modern = response.req.httpVersionMinor >= 1 && response.req.httpVersionMajor === 1;
    const chunked = framing.kind === "chunked" && modern && head.gzipLevel === undefined;
    const headers = chunked ? [...head.headers, "Transfer-Encoding", "chunked"] : head.headers;
    this.started = true;
    if (response.headersSent) {
      this.#continue(head, chunked);
      return;
    }
    response.writeHead(head.status, head.reason, headers as string[]);
    if (head.gzipLevel !== undefined) {
      this.#gzip = gzipInto(response, head.gzipLevel);
      return;
    }
    // A pipelined request has no socket until those before it have their responses.
    if (response.socket !== null && (chunked || framing.kind === "length")) {
      this.#socket = response.socket;
      response.socket.cork();
      response.flushHeaders();
    }
  }

  /**
   * A complete response that came in one read, with a head that is not out yet: as one string in one write. `end` with a body would
   * add an empty piece to it and make two pieces to gather.
   */
  sendAtOnce(head: RelayedHead, body: Buffer): void {
    const response = this.#response;
    const { socket } = response;
    this.started = true;
    response.writeHead(head.status, head.reason, head.headers as string[]);
    if (body.length > 0) {
      socket?.cork();
      response.write(body.toString("latin1"), "latin1");
      socket?.uncork();
    }
    response.end();
  }

  /** The head is out since the queue (`StreamPings`): an event stream goes on in it, anything else must become an event. A complete response of Ollama's, or an error, is a line. */
  #continue(head: RelayedHead, chunked: boolean): void {
    const response = this.#response;
    const isStream = headerValue(head.headers, "content-type")?.startsWith("text/event-stream") === true;
    const isInEvents = streamForm(response.req) === "events";
    if (isInEvents && (!isStream || head.status !== 200)) this.#collected = [];
    else if (chunked && response.socket !== null) {
      // Node 24 keeps what was written in this turn for the next one, and would send it behind what goes to the socket.
      if (response.writableCorked > 0) response.uncork();
      this.#socket = response.socket;
      response.socket.cork();
    }
  }

  /** After the bytes of one read: what was corked goes out, and a head without a body yet as well. */
  flush(): void {
    if (this.#socket !== undefined) this.#socket.uncork();
    else if (!this.#response.writableEnded) this.#response.flushHeaders();
  }

  /** Bytes as `raw` says: with the upstream's framing, or the body's own. The last ones go out together with the end. False asks to wait for `onDrained`. */
  write(bytes: Buffer, isLast = false): boolean {
    if (bytes.length === 0) return !this.#waitsForDrain;
    // Node's `end` uncorks it.
    if (isLast) this.#socket?.cork();
    // Copied, because the read buffer is used again at once; events are small.
    const copy = Buffer.from(bytes);
    this.#last = copy;
    if (this.#collected !== undefined) {
      this.#collected.push(copy);
      return true;
    }
    const target = this.#gzip ?? this.#socket ?? this.#response;
    const isRoomy = target.write(copy);
    // What is held back for a better ratio would be tokens that wait.
    this.#gzip?.flush(constants.Z_SYNC_FLUSH);
    if (isRoomy) return true;
    if (!this.#waitsForDrain) {
      this.#waitsForDrain = true;
      target.once("drain", () => {
        this.#waitsForDrain = false;
        this.onDrained();
      });
    }
    return false;
  }

  /** Puts events or comments between two events of a stream; the upstream's body knows nothing of them. Before all others they bring the head of the stream. */
  interject(events: string, head?: RelayedHead): void {
    const response = this.#response;
    if (events === "" || response.destroyed || response.socket?.writableNeedDrain === true) return;
    if (head !== undefined && !response.headersSent)
      response.writeHead(head.status, head.reason, head.headers as string[]);
    if (this.#socket === undefined) response.write(events);
    else this.#socket.write(`${Buffer.byteLength(events).toString(16)}\r\n${events}\r\n`);
  }

  /** The complete response was relayed. */
  end(trailers: readonly string[] = []): void {
    if (trailers.length > 0 && this.#response.chunkedEncoding) this.#response.addTrailers(pairs(trailers));
    if (this.#gzip !== undefined) this.#gzip.end();
    else if (this.#collected === undefined) this.#response.end();
    else
      this.#response.end(
        `event: error\ndata: ${Buffer.concat(this.#collected)
          .toString()
          .replaceAll(/\s*\n\s*/g, " ")}\n\n`,
      );
  }

  /** The upstream died under way: an event stream is told so and ended, anything else is cut, so that nobody takes it for complete. */
  breakOff(errorEvent: string | undefined): void {
    if (errorEvent === undefined || this.#gzip !== undefined || !this.#response.chunkedEncoding) {
      this.#response.destroy();
      return;
    }
    const text = `${this.#cutEnd}${errorEvent}`;
    if (this.#socket === undefined) this.#response.write(text);
    else this.#socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
    this.#response.shouldKeepAlive = false;
    this.#response.end();
  }
}

function gzipInto(response: ServerResponse, level: number): Gzip {
  const gzip = createGzip({ level });
  gzip.pipe(response);
  gzip.on("error", () => response.destroy());
  response.once("close", () => gzip.destroy());
  return gzip;
}

function pairs(flat: readonly string[]): [string, string][] {
  const made: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) made.push([flat[index] ?? "", flat[index + 1] ?? ""]);
  return made;
}
