import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests that Node calls late. It looks at its clock before it reads: after a standstill of this process that is said of clients too whose
 * request lies in the kernel. So each is given one turn of the loop, as by the clock's own timers.
 */
export class LateRequests {
  readonly #last = new WeakMap<Socket, IncomingMessage>();

  /** A request's head was read. */
  begun(request: IncomingMessage): void {
    this.#last.set(request.socket, request);
  }

  /** The request whose head was read last. */
  last(socket: Socket): IncomingMessage | undefined {
    return this.#last.get(socket);
  }

  /** Calls `then` unless a head is there one turn later. */
  unlessBegun(socket: Socket, then: () => void): void {
    const before = this.#last.get(socket);
    setImmediate(() => {
      if (this.#last.get(socket) === before) then();
    });
  }

  /** Calls `then` unless what the connection owes, head and body, is there one turn later. */
  unlessRead(socket: Socket, then: () => void): void {
    const before = this.#last.get(socket);
    const owesBody = before?.complete === false;
    setImmediate(() => {
      const now = this.#last.get(socket);
      if (now?.complete !== true || (now === before && !owesBody)) then();
    });
  }
}
