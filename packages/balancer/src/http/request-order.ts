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

/** The requests of one connection. */
interface Line {
  /** The response that is being sent, or was the last. */
  current: ServerResponse | undefined;
  isServing: boolean;
  waiting: (() => void)[];
}

/**
 * Serves the requests of a connection one after the other, as nginx does. Node hands over all that were pipelined at once: without this a single client
 * could hold a slot, and a connection to an upstream, for each of thousands whose responses it never reads.
 */
export class RequestOrder {
  readonly #lines = new WeakMap<Socket, Line>();
  readonly #turns = new LoopBudget(mostInTurn);

  /** Calls `serve` when every earlier request of the connection is over; never, if the connection ends before. */
  take(socket: Socket, response: ServerResponse, serve: () => void): void {
    const line = this.#lineOf(socket);
    const run = (): void => {
      line.current = response;
      response.once("close", () => this.#next(socket, line));
      serve();
    };
    if (!line.isServing) {
      line.isServing = true;
      this.#begin(socket, line, run);
      return;
    }
    line.waiting.push(run);
    if (this.isFull(socket)) socket.pause();
  }

  /** So many requests of the connection wait that no more should be read. */
  isFull(socket: Socket): boolean {
    return (this.#lines.get(socket)?.waiting.length ?? 0) >= mostWaiting;
  }

  /** No request of the connection is being served. */
  isIdle(socket: Socket): boolean {
    return this.#lines.get(socket)?.isServing !== true;
  }

  /** Calls `run` as soon as no request of the connection is under way; never, if the connection ends before. What waits behind it is not served. */
  whenIdle(socket: Socket, run: () => void): void {
    const line = this.#lineOf(socket);
    if (!line.isServing) run();
    else
      line.waiting.push(() => {
        line.waiting = [];
        line.isServing = false;
        run();
      });
  }

  /** The response that is being sent, or was the last. */
  current(socket: Socket): ServerResponse | undefined {
    return this.#lines.get(socket)?.current;
  }

  #lineOf(socket: Socket): Line {
    const known = this.#lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = { current: undefined, isServing: false, waiting: [] };
    this.#lines.set(socket, line);
    return line;
  }

  #next(socket: Socket, line: Line): void {
    const wasFull = this.isFull(socket);
    const run = socket.writable ? line.waiting.shift() : undefined;
    if (run === undefined) {
      line.waiting = [];
      line.isServing = false;
    }
    if (wasFull && !this.isFull(socket)) socket.resume();
    if (run !== undefined) this.#begin(socket, line, run);
  }

  #begin(socket: Socket, line: Line, run: () => void): void {
    const turn = this.#turns.spend(1);
    if (turn === undefined) run();
    else void turn.then(() => (socket.writable ? run() : this.#next(socket, line)));
  }
}
