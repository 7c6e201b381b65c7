import http from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy";

/** A client's raw connection, where its request asked for another protocol. */
export interface ClientConnection {
  readonly socket: Socket;
  /** Takes it over; returns what came after the request already. */
  take(): Buffer;
}

const proxy = createProxyServer({});
/** What http-proxy looks at before it joins two connections; the real request has been sent, and its response has come. */
const offer = { method: "GET", url: "/", headers: { connection: "Upgrade", upgrade: "websocket" } };

/**
 * Carries bytes both ways after an upstream responded with 101. http-proxy joins the two connections; which upstream was asked, for how long, and what the
 * client sees of its response is decided before that, because http-proxy itself neither tries another upstream nor times one out.
 */
export class Tunnel {
  readonly #upstream: SwitchedConnection;

  /** `head` is the 101 as the client is to see it; `onEnd` is called when either side has ended. */
  constructor(client: ClientConnection, upstream: Socket, head: string, onEnd: () => void) {
    this.#upstream = new SwitchedConnection(upstream, head);
    const early = client.take();
    for (const event of ["end", "close", "error"]) client.socket.once(event, onEnd);
    const agent = Object.assign(new http.Agent(), { createConnection: () => this.#upstream });
    const request = { ...offer, socket: client.socket, connection: client.socket } as unknown as http.IncomingMessage;
    proxy.ws(request, client.socket, early, { target: { host: "upstream", port: 80 }, agent }, onEnd);
    client.socket.resume();
  }

  /** Bytes that are only good until this returns. */
  toClient(bytes: Buffer): void {
    this.#upstream.receive(Buffer.from(bytes));
  }

  /** The upstream takes more. */
  onUpstreamDrained(): void {
    this.#upstream.onDrained();
  }

  /** Ends the client's side after what was written to it. */
  end(): void {
    this.#upstream.push(null);
  }
}

/** The upstream's connection as http-proxy sees it: its request is taken without being sent again, and the 101 that is there already comes back. */
class SwitchedConnection extends Duplex {
  readonly #socket: Socket;
  #isAsked = false;
  #onDrained: (() => void) | undefined;

  constructor(socket: Socket, head: string) {
    super();
    this.#socket = socket;
    this.push(Buffer.from(head, "latin1"));
  }

  receive(bytes: Buffer): void {
    if (!this.push(bytes)) this.#socket.pause();
  }

  onDrained(): void {
    const onDrained = this.#onDrained;
    this.#onDrained = undefined;
    onDrained?.();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    if (!this.#isAsked) {
      this.#isAsked = true;
      done();
    } else if (this.#socket.write(bytes)) done();
    else this.#onDrained = done;
  }

  /** http-proxy sets these of every connection; the real one has them since it was opened. */
  setTimeout(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
}
