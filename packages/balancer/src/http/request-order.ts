import { LoopBudget } from "@drover/foundation/loop-budget";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Over it nothing more is read. Not from the first on: of a connection that is not read nobody hears that it ended. */
const mostWaiting = 16;

/**
 * Requests, of all connections, that begin in one turn of the loop: those that are served from memory take some milliseconds together. What comes of
 * requests under way is not held up by a flood of new ones.
 */
const mostInTurn = 16;

/**
 * Serves the requests of a connection one after the other, as nginx does. Node hands over all that were pipelined at once: without this a single client
 * could hold a slot, and a connection to an upstream, for each of thousands whose responses it never reads.
 */
export class RequestOrder {
  /** Connections with a request under way, and those that wait behind it. */
  readonly #waiting = new Map<Socket, (() => void)[] | undefined>();
  readonly #current = new WeakMap<Socket, ServerResponse>();
  readonly #turns = new LoopBudget(mostInTurn);

  /** Calls `serve` when every earlier request of the connection is over; never, if the connection ends before. */
  take(socket: Socket, response: ServerResponse, serve: () => void): void {
    const run = (): void => {
      this.#current.set(socket, response);
      response.once("close", () => this.#next(socket));
      serve();
    };
    if (!this.#waiting.has(socket)) {
      this.#waiting.set(socket, undefined);
      this.#begin(socket, run);
      return;
    }
    this.#wait(socket, run);
    if (this.isFull(socket)) socket.pause();
  }

  /** So many requests of the connection wait that no more should be read. */
  isFull(socket: Socket): boolean {
    return (this.#waiting.get(socket)?.length ?? 0) >= mostWaiting;
  }

  /** No request of the connection is being served. */
  isIdle(socket: Socket): boolean {
    return !this.#waiting.has(socket);
  }

  /** Calls `run` as soon as no request of the connection is under way; never, if the connection ends before. */
  whenIdle(socket: Socket, run: () => void): void {
    if (!this.#waiting.has(socket)) run();
    else
      this.#wait(socket, () => {
        this.#waiting.delete(socket);
        run();
      });
  }

  /** The response that is being sent, or was the last. */
  current(socket: Socket): ServerResponse | undefined {
    return this.#current.get(socket);
  }

  #wait(socket: Socket, run: () => void): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) this.#waiting.set(socket, [run]);
    else waiting.push(run);
  }

  #next(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    const run = socket.writable ? waiting?.shift() : undefined;
    if (run === undefined) this.#waiting.delete(socket);
    if (waiting?.length === mostWaiting - 1) socket.resume();
    if (run !== undefined) this.#begin(socket, run);
  }

  #begin(socket: Socket, run: () => void): void {
    const turn = this.#turns.spend(1);
    if (turn === undefined) run();
    else void turn.then(() => (socket.writable ? run() : this.#next(socket)));
  }
}
