import http from "node:http";
import type { Socket } from "node:net";
import type { ClientConnection } from "../upstream-http/tunnel.ts";
import { HeldConnection } from "./held-connection.ts";
import { reparseConnection } from "./reparse-connection.ts";
import type { RequestOrder } from "./request-order.ts";

type Serve = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  switchable: ClientConnection | undefined,
) => void;

/** From Node 26 on its parser reads the body behind such a head as well, and only then stops. */
const isBodyRead = Number(process.versions.node.split(".", 1)[0]) >= 26;

/**
 * Requests that offer another protocol. Node's parser stops behind their heads; here they are served as all others are, body and further requests on the
 * connection included, but for what the upstream may make of them: what it accepts with a 101 is switched (nginx `ngx_http_upstream_upgrade`).
 */
export class Upgrades {
  readonly #server: http.Server;
  readonly #order: RequestOrder;
  readonly #serve: Serve;
  /** The fields of requests that are read once more without their offer, as they came. */
  readonly #hidden = new WeakMap<Socket, string[]>();

  constructor(server: http.Server, order: RequestOrder, serve: Serve) {
    this.#server = server;
    this.#order = order;
    this.#serve = serve;
    server.on("upgrade", (request, stream, firstBytes: Buffer) => {
      // Node hands over a stream of its own where the body has not arrived yet.
      if (stream === request.socket) this.#onUpgrade(request, firstBytes);
      else this.#onUnreadBody(request);
    });
  }

  /** The connection of a request that was read once more for its body; its fields are what they were. Undefined for any other. */
  offerOf(request: http.IncomingMessage): ClientConnection | undefined {
    const { socket } = request;
    const fields = this.#hidden.get(socket);
    if (fields === undefined) return undefined;
    this.#hidden.delete(socket);
    request.rawHeaders = fields;
    return { socket, take: () => takeFromParser(socket) };
  }

  #onUpgrade(request: http.IncomingMessage, firstBytes: Buffer): void {
    const { socket, headers } = request;
    const held = new HeldConnection(socket, firstBytes);
    const forget = this.#listen(socket);
    const letGo = (): Buffer => {
      forget();
      return held.letGo();
    };
    const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
    if (hasBody && !isBodyRead) {
      // The new parser would wait for ever for its turn behind a response of the old one.
      this.#order.whenIdle(socket, () => {
        this.#hidden.set(socket, request.rawHeaders);
        reparseConnection(this.#server, socket, Buffer.concat([headWithoutOffer(request), letGo()]));
      });
      return;
    }
    const response = new http.ServerResponse(request);
    response.shouldKeepAlive = request.httpVersionMinor > 0 && !/\bclose\b/i.test(headers.connection ?? "");
    response.on("finish", () => {
      response.detachSocket(socket);
      if (response.shouldKeepAlive) {
        reparseConnection(this.#server, socket, letGo());
        socket.setTimeout(this.#server.keepAliveTimeout);
        // The new parser does not know of it, and would let it run on during the next request.
        socket.once("data", () => socket.setTimeout(0));
      } else socket.destroySoon();
      response.emit("close");
    });
    this.#take(request, response, held);
  }

  /** Where the body ends is the parser's secret, which leaves the connection there: so this request is the last on it, and is not switched. */
  #onUnreadBody(request: http.IncomingMessage): void {
    const { socket } = request;
    const response = new http.ServerResponse(request);
    response.shouldKeepAlive = false;
    this.#listen(socket);
    socket.on("end", () => socket.destroy());
    response.on("finish", () => {
      response.detachSocket(socket);
      socket.destroySoon();
      response.emit("close");
    });
    this.#take(request, response, undefined);
  }

  /** For what no parser does any more, or will not do for long. @returns what ends it */
  #listen(socket: Socket): () => void {
    const onTimeout = (): void => void this.#server.emit("timeout", socket);
    const onDrain = (): void => void this.#order.current(socket)?.emit("drain");
    socket.on("timeout", onTimeout).on("drain", onDrain);
    return () => void socket.off("timeout", onTimeout).off("drain", onDrain);
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse, held: HeldConnection | undefined): void {
    this.#order.take(request.socket, response, () => {
      response.assignSocket(request.socket);
      this.#serve(request, response, held);
    });
  }
}

function headWithoutOffer({ method, url, httpVersion, rawHeaders }: http.IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== "upgrade") lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** What comes from now on is no HTTP. */
function takeFromParser(socket: Socket): Buffer {
  for (const event of ["data", "end", "drain", "timeout", "error"]) socket.removeAllListeners(event);
  socket.on("error", () => socket.destroy());
  return Buffer.alloc(0);
}
