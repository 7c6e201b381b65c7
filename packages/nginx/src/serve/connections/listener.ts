import type http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { plainAddress } from "@drover/foundation/network/addresses";
import { NginxConfigError } from "../../errors.ts";
import { type ClientConnection, createOrderedServer, RequestOrder } from "@drover/balancer/engine";
import { systemError } from "../../system-error.ts";
import type { AddressModel, ListenerModel } from "../../model/model.ts";
import { contextFor, type TlsContexts } from "./tls-contexts.ts";

/** What a listener does with what comes in; asked anew for each request, so that a reload takes effect at once. */
export interface ListenerEvents {
  onRequest(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    listener: Listener,
    /** Where an upstream may switch the protocol. */
    switchable: ClientConnection | undefined,
  ): void;
  /** Bytes that are no request. Status 0: there is no response. */
  onBadRequest(socket: Socket, status: number, listener: Listener): void;
}

/** One listening socket. Kept over reloads; its model is exchanged. */
export class Listener {
  #model: ListenerModel;
  #contexts: TlsContexts;
  readonly server: http.Server;
  readonly isTls: boolean;
  readonly #order = new RequestOrder();

  constructor(model: ListenerModel, contexts: TlsContexts, events: ListenerEvents) {
    this.#model = model;
    this.#contexts = contexts;
    this.isTls = model.otherwise.tls;
    const { headerTimeoutMs } = model.otherwise.defaultServer;
    const options = {
      requestTimeout: 0,
      connectionsCheckingInterval: Math.max(100, Math.min(1000, headerTimeoutMs)),
    };
    const tls = this.isTls ? this.#tlsOptions() : undefined;
    this.server = createOrderedServer(options, tls, this.#order, {
      onRequest: (request, response, switchable) => events.onRequest(request, response, this, switchable),
      onUnreadable: (error, socket) => events.onBadRequest(socket, statusOfParseError(error), this),
    });
    this.server.on("connect", (request) => events.onBadRequest(request.socket, 405, this));
    // A listener here takes over closing from Node: between requests the keepalive time is over; in a response the client takes nothing.
    this.server.on("timeout", (socket) => {
      if (this.#order.isIdle(socket) || socket.writableLength > 0) socket.destroy();
    });
    this.adopt(model, contexts);
  }

  get model(): ListenerModel {
    return this.#model;
  }

  /** Continues with another configuration of the same socket. */
  adopt(model: ListenerModel, contexts: TlsContexts): void {
    this.#model = model;
    this.#contexts = contexts;
    const { headerTimeoutMs, headerBuffers, settings } = model.otherwise.defaultServer;
    const { firstBytes, count, sizeBytes } = headerBuffers;
    // Node looks at it for each new connection.
    Object.assign(this.server, { maxHeaderSize: firstBytes + count * sizeBytes });
    this.server.headersTimeout = headerTimeoutMs;
    this.server.keepAliveTimeout = settings.keepaliveTimeoutMs;
    // For clients that name no server.
    const options = contexts.get(model.otherwise.defaultServer)?.options;
    if (options !== undefined && this.server instanceof https.Server) this.server.setSecureContext(options);
  }

  /** @throws NginxConfigError `bind() to … failed`, as nginx says it. */
  listen(): Promise<void> {
    const { address, label, backlog } = this.model;
    const where =
      address.kind === "unix"
        ? { path: address.path, readableAll: true, writableAll: true }
        : { host: address.host, port: address.port, ipv6Only: address.ipv6Only };
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        reject(new NginxConfigError(`bind() to ${label} failed (${systemError(error)})`));
      };
      this.server.once("error", onError);
      this.server.listen({ ...where, backlog: backlog ?? 511 }, () => {
        this.server.off("error", onError);
        this.server.on("error", () => {});
        resolve();
      });
    });
  }

  /** Servers of the address a connection came to. */
  addressOf(socket: Socket): AddressModel {
    return this.model.byLocalAddress.get(plainAddress(socket.localAddress ?? "")) ?? this.model.otherwise;
  }

  /** Takes no new connection; resolves when the last one is closed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  #tlsOptions(): https.ServerOptions {
    return {
      ALPNProtocols: ["http/1.1"],
      SNICallback: (serverName, done) => {
        const context = contextFor(this.#model.otherwise, this.#contexts, serverName);
        if (context === undefined) done(new Error("unrecognized name"));
        else done(null, context);
      },
    };
  }
}

/** 0 where nginx closes without a response: the client did not send its head in time. */
function statusOfParseError(error: NodeJS.ErrnoException): number {
  switch (error.code ?? "") {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 0;
    case "HPE_HEADER_OVERFLOW":
      return 494;
    default:
      return 400;
  }
}
