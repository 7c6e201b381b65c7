import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { paceReading } from "./paced-reading.ts";

const KIBIBYTE = 1024;

/** What clients send, as fast as it is read. */
function sender(parts: number, partBytes: number): Readable {
  let left = parts;
  return new Readable({
    read() {
      left -= 1;
      this.push(left < 0 ? null : Buffer.alloc(partBytes));
    },
  });
}

/** What comes of all the streams in each turn of the loop. */
async function turnsOf(streams: readonly Readable[]): Promise<readonly { parts: number; bytes: number }[]> {
  const turns = [{ parts: 0, bytes: 0 }];
  const state = { isOver: false };
  const count = () => {
    turns.push({ parts: 0, bytes: 0 });
    if (!state.isOver) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(
    streams.map(async (stream) => {
      stream.on("data", (part: Buffer) => {
        const turn = turns.at(-1);
        if (turn !== undefined) {
          turn.parts += 1;
          turn.bytes += part.length;
        }
        paceReading(stream, part);
      });
      await once(stream, "end");
    }),
  );
  state.isOver = true;
  return turns;
}

describe("What many clients send at once", () => {
  it("is read two megabytes in a turn of the loop, and to its end", async () => {
    const turns = await turnsOf(Array.from({ length: 20 }, () => sender(64, 64 * KIBIBYTE)));
    const sum = turns.reduce((bytes, turn) => bytes + turn.bytes, 0);
    assert.equal(sum, 20 * 64 * 64 * KIBIBYTE);
    const most = Math.max(...turns.map(({ bytes }) => bytes));
    assert.ok(most <= 4 * 1024 * KIBIBYTE, `${most / KIBIBYTE} KiB in a turn`);
  });

  it("is read some thousand parts in a turn, however short they are", async () => {
    const turns = await turnsOf(Array.from({ length: 20 }, () => sender(1000, 1)));
    const most = Math.max(...turns.map(({ parts }) => parts));
    assert.ok(most <= 4096, `${most} parts in a turn`);
  });
});
