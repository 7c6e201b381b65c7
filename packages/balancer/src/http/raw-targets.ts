import type http from "node:http";
import type { Socket } from "node:net";
import { forgetParser } from "./held-connection.ts";
import { reparseConnection } from "./reparse-connection.ts";
import type { RequestOrder } from "./request-order.ts";

/** What Node's parser says of a request that it refuses. */
export interface ParseError extends NodeJS.ErrnoException {
  /** The bytes that were read last, which need not begin with the request. */
  readonly rawPacket?: Buffer;
  /** How many of them it took. */
  readonly bytesParsed?: number;
}

/**
 * Requests whose target has bytes over 0x7f, such as UTF-8 that nobody percent-encoded. nginx takes them, Node's parser refuses them: here the target is
 * encoded and the request read once more. Only where it is certain where the request begins, so that nobody can have other bytes read as a request than a
 * server in front: a target that comes in several packets, or behind a request that is still being served, is refused as before.
 */
export class RawTargets {
  readonly #server: http.Server;
  readonly #order: RequestOrder;

  constructor(server: http.Server, order: RequestOrder) {
    this.#server = server;
    this.#order = order;
  }

  /** For a `clientError`. @returns false: the request is to be refused */
  retake(error: ParseError, socket: Socket): boolean {
    if (error.code !== "HPE_INVALID_URL" || !this.#order.isIdle(socket)) return false;
    const bytes = encodedRequest(error.rawPacket ?? Buffer.alloc(0), error.bytesParsed ?? 0);
    if (bytes === undefined || !leaveParser(socket)) return false;
    reparseConnection(this.#server, socket, bytes);
    socket.resume();
    return true;
  }
}

/** Methods of which none ends in the name of another: one that was cut in two is not taken for another one. */
const beginning = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) +[^ ]*$/;

/**
 * What the packet has from its last request on, whose target ends at `wrongAt` for the parser, with the target encoded.
 * A target has no line end in it, and is behind a method and a space: the text from the line's beginning on is a listed method and one word only if the
 * request begins there.
 */
export function encodedRequest(packet: Buffer, wrongAt: number): Buffer | undefined {
  const start = packet.lastIndexOf("\n", wrongAt - 1) + 1;
  const end = packet.findIndex((byte, at) => at > wrongAt && isEnd(byte));
  if (wrongAt === 0 || end < 0 || (packet[wrongAt] ?? 0) < 0x80) return undefined;
  if (!beginning.test(packet.toString("latin1", start, wrongAt))) return undefined;
  const head = packet.toString("latin1", start, end).replaceAll(/[\x80-\xff]/g, percentEncoded);
  return Buffer.concat([Buffer.from(head, "latin1"), packet.subarray(end)]);
}

function isEnd(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x0a;
}

function percentEncoded(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Takes the connection from the parser that has refused it, which no response needs any more. */
function leaveParser(socket: Socket): boolean {
  if (!forgetParser(socket)) return false;
  for (const event of ["drain", "timeout", "error"]) socket.removeAllListeners(event);
  socket.pause();
  return true;
}
