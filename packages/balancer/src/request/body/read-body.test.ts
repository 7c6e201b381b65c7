import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BodyBudget } from "./body-budget.ts";
import { readBody } from "./read-body.ts";

const limitBytes = 10 * 2 ** 20;

function chunkedRequest(): { readonly stream: PassThrough; readonly request: IncomingMessage } {
  const stream = new PassThrough();
  const headers = { "transfer-encoding": "chunked" };
  return { stream, request: Object.assign(stream, { headers }) as unknown as IncomingMessage };
}

async function write(stream: PassThrough, part: Buffer): Promise<void> {
  if (!stream.write(part)) await new Promise((resolve) => stream.once("drain", resolve));
}

describe("A body", () => {
  it("is read as it was sent, whatever the size of its parts", async () => {
    const { stream, request } = chunkedRequest();
    const reading = readBody(request, limitBytes, new BodyBudget(() => 2 * limitBytes).of("one"));
    const sent: Buffer[] = [];
    for (const size of [1, 1, 3, 70_000, 1, 20_000, 5, 15_000, 15_000, 15_000, 15_000, 15_000, 1, 64, 16_384, 2]) {
      const part = Buffer.alloc(size, sent.length + 1);
      sent.push(part);
      await write(stream, part);
    }
    stream.end();
    const read = await reading;
    assert.ok(read.kind === "bytes");
    assert.ok(read.bytes.equals(Buffer.concat(sent)));
  });

  it("whose every byte is a chunk of its own takes no more memory than others", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { stream, request } = chunkedRequest();
    const reading = readBody(request, limitBytes, new BodyBudget(() => 2 * limitBytes).of("one"));
    collect();
    const before = process.memoryUsage().heapUsed;
    const count = 200_000;
    for (let index = 0; index < count; index += 1) await write(stream, Buffer.from([index]));
    while (stream.readableLength + stream.writableLength > 0) await nextTurn();
    collect();
    const grownBytes = process.memoryUsage().heapUsed - before;
    stream.end();
    const read = await reading;
    assert.ok(read.kind === "bytes");
    assert.equal(read.bytes.length, count);
    assert.ok(grownBytes < 10 * count, `${grownBytes / count} bytes of memory for each`);
  });
});
