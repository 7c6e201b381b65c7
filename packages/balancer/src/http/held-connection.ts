import type { Socket } from "node:net";
import type { ClientConnection } from "../upstream-http/tunnel.ts";

/** What a client sends before it knows that the protocol was switched; more waits in the kernel. */
const mostHeldBytes = 65_536;

/**
 * A connection that Node's parser gave up: a request on it offers another protocol, or something on it cannot be read while an earlier request is still
 * served. It is read on meanwhile, so that a client that leaves is noticed; what comes early is kept for whoever uses the connection next.
 */
export class HeldConnection implements ClientConnection {
  readonly socket: Socket;
  readonly #early: Buffer[];
  #heldBytes: number;

  constructor(socket: Socket, firstBytes: Buffer) {
    this.socket = socket;
    this.#early = [firstBytes];
    this.#heldBytes = firstBytes.length;
    socket.on("data", this.#onData).on("end", this.#onGone).on("error", this.#onGone);
    socket.resume();
  }

  take(): Buffer {
    this.socket.off("data", this.#onData).off("end", this.#onGone);
    return Buffer.concat(this.#early);
  }

  /** Nobody watches it any more. */
  letGo(): Buffer {
    const early = this.take();
    this.socket.off("error", this.#onGone);
    return early;
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#early.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > mostHeldBytes) this.socket.pause();
  };

  readonly #onGone = (): void => {
    this.socket.destroy();
  };
}

type ParserOf = Socket & { readonly parser?: { readonly remove?: () => void } | null };

/**
 * Has the parser that refused a request read no more. `remove` is what Node does itself for connections that are switched: without it the
 * server would take the request that was given up for one that never ends. Responses that are under way still go out.
 * @returns false: this Node has no such parser, and nothing was done
 */
export function forgetParser(socket: ParserOf): boolean {
  const { parser } = socket;
  if (typeof parser?.remove !== "function") return false;
  // A listener for data is what parts the parser from the socket's handle.
  socket.on("data", () => {});
  socket.removeAllListeners("data").removeAllListeners("end");
  parser.remove();
  return true;
}
