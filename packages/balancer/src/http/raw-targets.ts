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
  /** Before the last packet: the beginning of a request line that may continue in it. */
  before: Buffer;
  /** The same behind the last packet. */
  after: Buffer;
}

const space = 0x20;
const nothing = Buffer.alloc(0);
/** More than a head may have, unless somebody raised that; a longer target is refused. */
const mostBytes = 65_536;
/** None of them ends in the name of another, nor does any other method of Node's parser end in one of these. */
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
const longestMethod = 7;
/** A target may come in so many packets with bytes that are read once more; each starts the head's time-out anew. */
const mostTimes = 16;

/**
 * Requests whose target has bytes over 0x7f, such as UTF-8 that nobody percent-encoded. nginx takes them, Node's parser refuses them: here the target is
 * encoded and the request read once more, behind those that are still served. It begins where the parser had it begin, so that nobody can have other bytes
 * read as a request than a server in front.
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
    const before = this.#seen.get(socket)?.before ?? nothing;
    const bytes = encodedRequest(Buffer.concat([before, rawPacket]), before.length + bytesParsed);
    if (bytes === undefined || !forgetParser(socket)) return false;
    this.#times.set(socket, times);
    const held = new HeldConnection(socket, bytes);
    this.#order.whenIdle(socket, () => {
      const all = held.letGo();
      leaveParser(socket);
      reparseConnection(this.#server, socket, all);
    });
    return true;
  }

  /** Before the parser: what it refuses may have begun in an earlier packet. */
  #watch(socket: Socket): void {
    const seen: Seen = { before: nothing, after: nothing };
    this.#seen.set(socket, seen);
    socket.prependListener("data", (packet: Buffer) => {
      seen.before = seen.after;
      if (seen.before.length > 0 || mayEndUnfinished(packet))
        seen.after = unfinishedLine(Buffer.concat([seen.before, packet]));
    });
  }
}

/**
 * The bytes from the last request on, whose target is wrong for the parser at `wrongAt`, with the target encoded as far as it goes.
 */
export function encodedRequest(bytes: Buffer, wrongAt: number): Buffer | undefined {
  const start = requestStart(bytes, wrongAt);
  if (start === undefined || (bytes[wrongAt] ?? 0) < 0x80) return undefined;
  const found = bytes.findIndex((byte, at) => at > wrongAt && isEnd(byte));
  const end = found < 0 ? bytes.length : found;
  const head = bytes.toString("latin1", start, end).replaceAll(/[\x80-\xff]/g, percentEncoded);
  return Buffer.concat([Buffer.from(head, "latin1"), bytes.subarray(end)]);
}

/**
 * Where the request line begins that has part of its target directly before `targetEnd`. A target has no space in it, so it begins behind the last
 * one; and what the parser has taken for a method before that is the listed method that the text there ends in, whatever a body has before it.
 */
function requestStart(bytes: Buffer, targetEnd: number): number | undefined {
  let methodEnd = targetEnd === 0 ? -1 : bytes.lastIndexOf(space, targetEnd - 1);
  const target = bytes.subarray(methodEnd + 1, targetEnd);
  while (bytes[methodEnd - 1] === space) methodEnd--;
  if (methodEnd < 0 || target.includes("\r") || target.includes("\n")) return undefined;
  const text = bytes.toString("latin1", Math.max(0, methodEnd - longestMethod), methodEnd);
  const method = methods.find((name) => text.endsWith(name));
  return method === undefined ? undefined : methodEnd - method.length;
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

/** Whether a request line may begin in it and not end: hardly any packet ends in the letter of a method, or has one before its last space. */
function mayEndUnfinished(packet: Buffer): boolean {
  if (isLetterOfMethod(packet.at(-1))) return true;
  let methodEnd = packet.lastIndexOf(space);
  while (packet[methodEnd - 1] === space) methodEnd--;
  return methodEnd >= 0 && (methodEnd === 0 || isLetterOfMethod(packet[methodEnd - 1]));
}

function isLetterOfMethod(byte = 0): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** The end of a stream, as far as a request line may begin in it: at a method with part of its target, or within a method. */
function unfinishedLine(bytes: Buffer): Buffer {
  const inMethod = isLetterOfMethod(bytes.at(-1)) ? longestMethod : 0;
  const start = requestStart(bytes, bytes.length) ?? bytes.length - inMethod;
  // A copy: the packet's own memory is larger.
  return Buffer.from(bytes.subarray(bytes.length - start > mostBytes ? bytes.length : Math.max(0, start)));
}
