import type http from "node:http";
import https from "node:https";
import net from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@drover/foundation/clock";
import type { Certificate } from "../access/certificate.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { checkTarget, type ListenTarget } from "./listen-address.ts";
import { createServer, listenOn, type RawResponse, type ServerHandlers, type ServerLimits } from "./server.ts";
import { RequestOrder } from "./request-order.ts";

/** Who serves what comes in. */
export interface ListenerHandlers {
  readonly onRequest: ServerHandlers["onRequest"];
  readonly responseHeaders: ServerHandlers["responseHeaders"];
  readonly onRefused: (reason: string, sent?: RawResponse) => void;
  /** How long a client may take nothing of a response that is made; 0 is for ever. */
  readonly sendTimeoutMs: () => number;
}

/** The public ports, with the connections that were upgraded away from HTTP. */
export class Listeners {
  readonly #handlers: ListenerHandlers;
  readonly #limits: ServerLimits;
  readonly #connectionLimit: ConnectionLimit;
  readonly #order = new RequestOrder();
  readonly #upgraded = new Set<Duplex>();
  /** Connections that have asked nothing yet. */
  readonly #newcomers = new Set<Duplex>();
  #onNewcomerGone = () => {};
  #isStopping = false;
  #servers: http.Server[] = [];

  constructor(handlers: ListenerHandlers, limits: ServerLimits, connectionsPerAddress: number) {
    this.#handlers = handlers;
    this.#limits = limits;
    this.#connectionLimit = new ConnectionLimit(connectionsPerAddress, () => handlers.onRefused("connection_limit"));
  }

  /** @throws ListenError; then nothing stays open */
  async open(targets: readonly ListenTarget[], certificate: Certificate | undefined) {
    const bound: { readonly address: string; readonly port: number }[] = [];
    try {
      for (const target of targets) {
        const server = createServer(this.#serverHandlers(), this.#order, this.#limits, certificate);
        // From then on Node no longer knows them as connections of the server.
        server.on("upgrade", (_request, socket: Duplex) => {
          this.#upgraded.add(socket);
          socket.once("close", () => this.#upgraded.delete(socket));
        });
        bound.push(await listenOn(server, target));
        this.#servers.push(server);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    return bound;
  }

  /** From now on new connections get this certificate, and addresses this limit. */
  update(certificate: Certificate | undefined, connectionsPerAddress: number): void {
    this.#connectionLimit.limit = connectionsPerAddress;
    if (certificate === undefined) return;
    for (const server of this.#servers) if (server instanceof https.Server) server.setSecureContext(certificate);
  }

  /** Takes no new connection and closes the idle ones; resolves when the last one has ended. */
  stop(): Promise<unknown> {
    this.#isStopping = true;
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const server of this.#servers) server.closeIdleConnections();
    return Promise.all(closed);
  }

  /**
   * Resolves when every connection that was accepted has asked something, or after the time given. A client that had just
   * connected when the stop came has its request on the way: cutting it would be a reset for no reason.
   */
  newcomersHeard(limitMs: number, clock: Clock): Promise<void> {
    if (this.#newcomers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = clock.after(limitMs, resolve);
      this.#onNewcomerGone = () => {
        if (this.#newcomers.size > 0) return;
        stop();
        resolve();
      };
    });
  }

  /** Cuts every connection. */
  cut(): void {
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
  }

  #serverHandlers(): ServerHandlers {
    return {
      onHead: (response) => {
        this.#forgetNewcomer(response.req.socket);
        if (this.#isStopping) response.shouldKeepAlive = false;
        cutUntaken(response, this.#handlers.sendTimeoutMs);
      },
      onRequest: this.#handlers.onRequest,
      onConnection: (socket) => {
        this.#newcomers.add(socket);
        socket.once("close", () => this.#forgetNewcomer(socket));
        this.#connectionLimit.admit(socket);
      },
      onBadRequest: this.#handlers.onRefused,
      responseHeaders: this.#handlers.responseHeaders,
    };
  }

  #forgetNewcomer(socket: Duplex): void {
    if (this.#newcomers.delete(socket)) this.#onNewcomerGone();
  }
}

/** While a response is made its upstream's exchange sees to it; what is left at its end would wait for the client without an end. */
function cutUntaken(response: http.ServerResponse, sendTimeoutMs: () => number): void {
  const { socket } = response.req;
  // The last of it is with the socket.
  response.once("prefinish", () => {
    if (socket.writableLength === 0) return;
    socket.setTimeout(sendTimeoutMs());
    // Node then gives the client its time for the next request.
    response.prependOnceListener("finish", () => socket.setTimeout(0));
  });
}

/**
 * Whether the address can be listened on, which is done for a moment where it has a port.
 * @throws ListenError
 */
export async function tryListening(target: ListenTarget): Promise<void> {
  if (!("host" in target)) {
    checkTarget(target);
    return;
  }
  const server = net.createServer();
  await listenOn(server, target);
  await new Promise((resolve) => server.close(resolve));
}
