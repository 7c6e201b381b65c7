import type http from "node:http";
import type { Socket } from "node:net";
import { LoopBudget } from "@drover/foundation/loop-budget";
import { connectionEvent } from "../reparse-connection.ts";
import type { RequestOrder } from "../request-order.ts";

/** A packet is dense where it has more line ends than this: of a head with all its fields and its body there are fewer. */
const mostLineEnds = 128;
const pieceBytes = 512;

/** Of dense packets, of all connections, in one turn of the loop: some 50 requests, or 350 parts of bodies, which take two milliseconds. */
const mostBytesInTurn = 2048;

/**
 * Of a connection no more is read while as many requests as may wait on it do. Node's parser hands over all that a packet holds, of 64 KiB some 1,700 pipelined
 * requests or 10,000 parts of a body, and resumes its connection behind each. So dense packets come to it in pieces, what comes behind is kept as bytes,
 * and all connections together have a share of each turn of the loop.
 */
export function boundReading(server: http.Server, order: Pick<RequestOrder, "isFull">): void {
  const turns = new LoopBudget(mostBytesInTurn);
  server.on(connectionEvent(server), (socket: Socket) => {
    // A connection comes again when it is handed to another parser.
    if (Object.hasOwn(socket, "push")) return;
    const resume = socket.resume.bind(socket);
    socket.resume = () => (order.isFull(socket) ? socket : resume());
    const packets = new DensePackets(socket, turns);
    socket.push = (packet: Buffer | null) => packets.push(packet);
  });
}

/** What has come of one connection and was not handed to its stream yet. */
class DensePackets {
  readonly #socket: Socket;
  readonly #turns: LoopBudget;
  readonly #push: (bytes: Buffer | null) => boolean;
  /** In the order in which they came; null: the end. */
  #left: (Buffer | null)[] = [];

  constructor(socket: Socket, turns: LoopBudget) {
    this.#socket = socket;
    this.#turns = turns;
    this.#push = socket.push.bind(socket);
  }

  /** @returns false: no more should be read for now */
  push(packet: Buffer | null): boolean {
    if (this.#left.length > 0) {
      this.#left.push(packet);
      return false;
    }
    if (packet === null || packet.length <= pieceBytes || !isDense(packet)) return this.#push(packet);
    this.#left.push(packet);
    return this.#handOver();
  }

  #handOver(): boolean {
    let wantsMore = true;
    for (let packet = this.#left[0]; packet !== undefined; packet = this.#left[0]) {
      const piece = packet?.subarray(0, pieceBytes) ?? null;
      const rest = packet?.subarray(pieceBytes);
      if (rest === undefined || rest.length === 0) this.#left.shift();
      else this.#left[0] = rest;
      wantsMore = this.#push(piece);
      const turn = piece === null ? undefined : this.#turns.spend(piece.length);
      if (turn === undefined || this.#left.length === 0) continue;
      void turn.then(() => this.#goOn());
      return false;
    }
    return wantsMore;
  }

  #goOn(): void {
    if (this.#socket.destroyed) this.#left = [];
    // Its network was told to stop.
    else if (this.#handOver()) this.#socket.read(0);
  }
}

function isDense(packet: Buffer): boolean {
  let count = 0;
  for (let at = packet.indexOf("\r\n"); at >= 0 && count <= mostLineEnds; at = packet.indexOf("\r\n", at + 2)) count++;
  return count > mostLineEnds;
}
