import { once } from "node:events";
import net from "node:net";

/** A request as an upstream got it. */
export interface SeenRequest {
  readonly upstream: string;
  readonly line: string;
  /** `name: value`, as they came. */
  readonly fields: readonly string[];
  readonly body: string;
  /** Which connection since the start, from 1. */
  readonly connection: number;
}

/** What an upstream does with a request. Texts are written as they are. */
export type ScriptedResponse =
  /** `held` waits for `release`. */
  | {
      readonly kind: "send";
      readonly text: string;
      readonly thenClose?: boolean;
      readonly afterMs?: number;
      readonly held?: boolean;
    }
  | { readonly kind: "reset" }
  | { readonly kind: "close" }
  | { readonly kind: "silence" }
  /** Sends the text, and from then on all that comes back. */
  | { readonly kind: "echo"; readonly text: string };

/** Responds to the n-th request (from 1) of a scenario. */
export type Script = (request: SeenRequest, n: number) => ScriptedResponse;

/** `200 OK` with a body and its length; the connection stays open. */
export function ok(body: string, fields: readonly string[] = []): ScriptedResponse {
  return response("200 OK", body, fields);
}

export function response(status: string, body: string, fields: readonly string[] = []): ScriptedResponse {
  const head = [`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${body.length}`].join("\r\n");
  return { kind: "send", text: `${head}\r\n\r\n${body}` };
}

/** A server on a raw socket that does what its script says, and remembers what it got. */
export class ScriptedUpstream {
  readonly name: string;
  readonly seen: SeenRequest[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #script: Script;
  #connections = 0;
  #count = 0;
  #held: (() => void)[] = [];

  constructor(name: string, script: Script) {
    this.name = name;
    this.#script = script;
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  /** Listens on a free port of the loopback, or on a unix socket. Resolves with the port. */
  async listen(path?: string): Promise<number> {
    if (path === undefined) this.#server.listen(0, "127.0.0.1");
    else this.#server.listen(path);
    await once(this.#server, "listening");
    const bound = this.#server.address();
    return bound === null || typeof bound === "string" ? 0 : bound.port;
  }

  /** Sends every response that is held. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const send of held) send();
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Forgets what it saw and starts its script anew. */
  reset(): void {
    this.seen.length = 0;
    this.#connections = 0;
    this.#count = 0;
    this.#held = [];
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    this.#connections += 1;
    const connection = this.#connections;
    let held = "";
    /** Came since `held` was read last; a large body is not looked at again with each piece of it. */
    let pieces: string[] = [];
    let missing = 0;
    let echoes = false;
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (echoes) {
        socket.write(bytes);
        return;
      }
      pieces.push(bytes.toString("latin1"));
      missing -= bytes.length;
      if (missing > 0) return;
      held += pieces.join("");
      pieces = [];
      for (let read = readRequest(held); read !== undefined; read = readRequest(held)) {
        held = read.rest;
        const request = { upstream: this.name, connection, line: read.line, fields: read.fields, body: read.body };
        this.seen.push(request);
        this.#count += 1;
        const given = this.#script(request, this.#count);
        echoes = given.kind === "echo";
        perform(socket, given, this.#held);
      }
      missing = missingBytes(held);
    });
  }
}

function perform(socket: net.Socket, given: ScriptedResponse, held: (() => void)[]): void {
  switch (given.kind) {
    case "send": {
      const send = (): void => {
        if (given.thenClose === true) socket.end(given.text, "latin1");
        else socket.write(given.text, "latin1");
      };
      if (given.held === true) held.push(send);
      else if (given.afterMs !== undefined) setTimeout(send, given.afterMs);
      else send();
      return;
    }
    case "echo":
      socket.write(given.text, "latin1");
      return;
    case "reset":
      socket.resetAndDestroy();
      return;
    case "close":
      socket.end();
      return;
    case "silence":
  }
}

interface ReadRequest {
  readonly line: string;
  readonly fields: readonly string[];
  readonly body: string;
  readonly rest: string;
}

function readRequest(text: string): ReadRequest | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const after = text.slice(end + 4);
  if (fields.some((field) => /^transfer-encoding: *chunked/i.test(field))) {
    const body = readChunks(after);
    return body === undefined ? undefined : { line, fields, body: body.text, rest: after.slice(body.length) };
  }
  const length = Number(fields.find((field) => /^content-length:/i.test(field))?.split(":")[1] ?? 0);
  return after.length < length ? undefined : { line, fields, body: after.slice(0, length), rest: after.slice(length) };
}

/** How many bytes more have to come at least before the request at the start of `text` is complete; 0 where that is not known. */
function missingBytes(text: string): number {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return 0;
  const head = text.slice(0, end);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return end + 4 + Number(length) - text.length;
  if (!/^transfer-encoding: *chunked/im.test(head)) return 0;
  for (let at = end + 4; ; ) {
    const [line = "", size = ""] = /^([\da-f]+)\r\n/i.exec(text.slice(at, at + 20)) ?? [];
    if (line === "") return 0;
    at += line.length + Number.parseInt(size, 16) + 2;
    if (at > text.length) return at - text.length;
  }
}

/** The payload of a chunked body at the start of `text`, or undefined while it is not complete. */
export function readChunks(text: string): { readonly text: string; readonly length: number } | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) return undefined;
    at = lineEnd + 2;
    if (size === 0) {
      const last = text.indexOf("\r\n", at);
      return last === -1 ? undefined : { text: body, length: last + 2 };
    }
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
}
