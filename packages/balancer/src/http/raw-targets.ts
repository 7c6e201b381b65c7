import type http from "node:http";
import type { Socket } from "node:net";
import { forgetParser, HeldConnection } from "./held-connection.ts";
import { connectionEvent, reparseConnection } from "./reparse-connection.ts";
import type { RequestOrder } from "./request-order.ts";

/** What Node's parser says of a request that it refuses. */
export interface ParseError extends NodeJS.ErrnoException {
  /** The bytes that were read last, which need not begin with the request. */
  readonly rawPacket?: Buffer;
  /** How many of them it took. */
  readonly bytesParsed?: number;
}

interface Seen {
  /** What a request line that goes on in the last packet has before it; empty where none does. */
  before: Buffer;
  /** The same behind the last packet. */
  after: Buffer;
}

const lineEnd = 0x0a;
/** More than a head may have, unless somebody raised that; a longer target is refused. */
const mostBytes = 65_536;
const methods = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS "];
/** A target may come in so many packets with bytes that are read once more; each starts the head's time-out anew. */
const mostTimes = 16;

/**
 * Requests whose target has bytes over 0x7f, such as UTF-8 that nobody percent-encoded. nginx takes them, Node's parser refuses them: here the target is
 * encoded and the request read once more, behind those that are still served. Only where it is certain where the request begins, so that nobody can
 * have other bytes read as a request than a server in front.
 */
export class RawTargets {
  readonly #server: http.Server;
  readonly #order: RequestOrder;
  readonly #seen = new WeakMap<Socket, Seen>();
  readonly #times = new WeakMap<Socket, number>();

  constructor(server: http.Server, order: RequestOrder) {
    this.#server = server;
    this.#order = order;
    server.on(connectionEvent(server), (socket: Socket) => this.#watch(socket));
    const begun = ({ socket }: http.IncomingMessage): void => void this.#times.delete(socket);
    server.on("request", begun).on("checkContinue", begun).on("checkExpectation", begun).on("upgrade", begun);
  }

  /** For a `clientError`. @returns false: the request is to be refused */
  retake(error: ParseError, socket: Socket): boolean {
    const times = (this.#times.get(socket) ?? 0) + 1;
    if (error.code !== "HPE_INVALID_URL" || times > mostTimes) return false;
    const { rawPacket = Buffer.alloc(0), bytesParsed = 0 } = error;
    const before = this.#seen.get(socket)?.before ?? Buffer.alloc(0);
    const bytes =
      encodedRequest(rawPacket, bytesParsed) ??
      encodedRequest(Buffer.concat([before, rawPacket]), before.length + bytesParsed);
    if (bytes === undefined || !forgetParser(socket)) return false;
    this.#times.set(socket, times);
    const held = new HeldConnection(socket, bytes);
    this.#order.whenIdle(socket, () => {
      const all = held.letGo();
      leaveParser(socket);
      reparseConnection(this.#server, socket, all);
      socket.resume();
    });
    return true;
  }

  /** Before the parser: what it refuses may have begun in an earlier packet. */
  #watch(socket: Socket): void {
    const seen: Seen = { before: Buffer.alloc(0), after: Buffer.alloc(0) };
    this.#seen.set(socket, seen);
    socket.prependListener("data", (packet: Buffer) => {
      seen.before = seen.after;
      seen.after = lastLine(seen.before, packet);
    });
  }
}

/** Methods of which none ends in the name of another: one that was cut in two is not taken for another one. */
const beginning = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) +[^ ]*$/;

/**
 * What the packet has from its last request on, whose target is wrong for the parser at `wrongAt`, with the target encoded as far as it goes.
 * A target has no line end in it, and is behind a method and a space: the text from the line's beginning on is a listed method and one word only if the
 * request begins there.
 */
export function encodedRequest(packet: Buffer, wrongAt: number): Buffer | undefined {
  const start = packet.lastIndexOf("\n", wrongAt - 1) + 1;
  if (wrongAt === 0 || (packet[wrongAt] ?? 0) < 0x80) return undefined;
  if (!beginning.test(packet.toString("latin1", start, wrongAt))) return undefined;
  const found = packet.findIndex((byte, at) => at > wrongAt && isEnd(byte));
  const end = found < 0 ? packet.length : found;
  const head = packet.toString("latin1", start, end).replaceAll(/[\x80-\xff]/g, percentEncoded);
  return Buffer.concat([Buffer.from(head, "latin1"), packet.subarray(end)]);
}

function isEnd(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x0a;
}

function percentEncoded(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** What the parser's connection still listens for is of no use once no response is under way. */
function leaveParser(socket: Socket): void {
  for (const event of ["data", "end", "drain", "timeout", "error"]) socket.removeAllListeners(event);
  socket.pause();
}

/**
 * What a stream has behind its last line end, as far as it may be the beginning of a request line: a body's last line is not kept.
 * @param before the same of what came before the packet
 */
function lastLine(before: Buffer, packet: Buffer): Buffer {
  const start = packet.lastIndexOf(lineEnd) + 1;
  const rest = packet.subarray(start);
  const candidates = start > 0 || before.length === 0 ? [rest] : [Buffer.concat([before, rest]), rest];
  // A copy: the packet's own memory is larger.
  return Buffer.from(candidates.find(mayBegin) ?? []);
}

function mayBegin(line: Buffer): boolean {
  const first = line.toString("latin1", 0, 8);
  return line.length <= mostBytes && methods.some((method) => method.startsWith(first) || first.startsWith(method));
}
