import type { Readable } from "node:stream";
import { LoopBudget } from "./loop-budget.ts";

/** Bytes that all connections together may bring in one turn of the loop: about two milliseconds. */
const MOST_BYTES = 2 * 1024 * 1024;

/** What a part costs however short it is: a client may send each byte as a chunk of its own. */
const PART_BYTES = 1024;

const budget = new LoopBudget(MOST_BYTES);

/** To be awaited before bytes are copied or looked at that lie in memory already. */
export function turnToRead(bytes: number): Promise<void> | undefined {
  return budget.spend(bytes);
}

/**
 * To be called for each part that a stream has brought. Where all of them have brought enough, the stream rests until its next turn: the kernel has up
 * to two megabytes for each connection, and all that a hundred clients send at once would be read before anybody else is served.
 */
export function paceReading(stream: Readable, part: Uint8Array): void {
  const turn = budget.spend(part.length + PART_BYTES);
  if (turn === undefined) return;
  stream.pause();
  void turn.then(() => stream.resume());
}
