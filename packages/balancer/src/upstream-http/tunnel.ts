import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A client's raw connection, where its request asked for another protocol. */
export interface ClientConnection {
  readonly socket: Duplex;
  /** Takes it over; what came after the request already. */
  take(): Buffer;
}

/** Carries bytes both ways after an upstream answered 101, each side waiting for the other where it is slow. */
export class Tunnel {
  readonly #client: Duplex;
  readonly #upstream: Socket;

  /** `onEnd` is called when either side has ended. */
  constructor(client: ClientConnection, upstream: Socket, onEnd: () => void) {
    this.#client = client.socket;
    this.#upstream = upstream;
    const early = client.take();
    client.socket.on("data", (bytes: Buffer) => this.#toUpstream(bytes));
    client.socket.on("drain", () => upstream.resume());
    for (const event of ["end", "close", "error"]) client.socket.once(event, onEnd);
    if (early.length > 0) this.#toUpstream(early);
    client.socket.resume();
  }

  /** Bytes that are only good until this returns. */
  toClient(bytes: Buffer): void {
    if (!this.#client.write(Buffer.from(bytes))) this.#upstream.pause();
  }

  /** The upstream takes more. */
  onUpstreamDrained(): void {
    this.#client.resume();
  }

  /** Ends the client's side after what was written to it. */
  end(): void {
    this.#upstream.resume();
    this.#client.end();
  }

  #toUpstream(bytes: Buffer): void {
    if (!this.#upstream.write(bytes)) this.#client.pause();
  }
}
