import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Answers still under way, by connection. Node gives a connection out of its hands at a request that offers another protocol, even while requests
 * that were pipelined before it are being answered: nobody may write to it, or have it parsed anew, before those are over.
 */
export class EarlierAnswers {
  readonly #open = new WeakMap<Socket, Set<ServerResponse>>();

  add(socket: Socket, response: ServerResponse): void {
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open.add(response));
    response.once("close", () => open.delete(response));
  }

  /** Calls `then` at once, or when the last answer is over and the connection still stands. */
  whenOver(socket: Socket, then: () => void): void {
    const open = this.#open.get(socket);
    const last = [...(open ?? [])].at(-1);
    if (open === undefined || last === undefined) {
      then();
      return;
    }
    const onError = (): void => void socket.destroy();
    // Node told the answers of it until now.
    const onDrain = (): void => {
      for (const response of open) response.emit("drain");
    };
    socket.on("error", onError).on("drain", onDrain);
    last.once("close", () => {
      socket.off("error", onError).off("drain", onDrain);
      // The time between requests, which Node set behind the last one.
      socket.setTimeout(0);
      if (socket.writable) then();
      else socket.destroy();
    });
  }
}
