import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { readResponseHead } from "./response-head.ts";
import { ChunkWalker } from "./chunk-walker.ts";

/** Feeds the bytes cut at `cuts`, keeping what the walker does not pass on, as the exchange does. */
function follow(bytes: Buffer, cuts: readonly number[], completeChunks: boolean) {
  const walker = new ChunkWalker(completeChunks);
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((left, right) => left - right);
  const passed: Buffer[] = [];
  const data: Buffer[] = [];
  let held = Buffer.alloc(0);
  let from = 0;
  for (const to of [...points, bytes.length]) {
    const part = Buffer.concat([held, bytes.subarray(from, to)]);
    from = to;
    const step = walker.walk(part, (start, end) => data.push(part.subarray(start, end)));
    passed.push(part.subarray(0, step.passOn));
    held = Buffer.from(part.subarray(step.passOn));
    if (step.kind !== "more") return { step, passed: Buffer.concat(passed), data: Buffer.concat(data) };
  }
  return { step: undefined, passed: Buffer.concat(passed), data: Buffer.concat(data) };
}

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });

function framed(parts: readonly Uint8Array[], trailers: string): Buffer {
  const each = parts.map((part) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
  );
  return Buffer.concat([...each, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

describe("following chunks", () => {
  it("passes on the upstream's own framing up to its last chunk, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (parts, cuts, completeChunks) => {
        const bytes = framed(parts, "x-sum: 1\r\n");
        const followed = follow(bytes, cuts, completeChunks);
        assert.equal(followed.step?.kind, "end");
        assert.deepEqual(followed.passed, bytes.subarray(0, bytes.length - "0\r\nx-sum: 1\r\n\r\n".length));
        assert.deepEqual(followed.data, Buffer.concat(parts));
        if (followed.step?.kind === "end") assert.deepEqual(followed.step.trailers, ["x-sum", "1"]);
      }),
    );
  });

  it("never passes on a part of a chunk where whole ones are asked for", () => {
    const walker = new ChunkWalker(true);
    assert.deepEqual(walker.walk(Buffer.from("3\r\nabc\r\n5\r\nde")), { kind: "more", passOn: 8 });
    assert.equal(walker.inChunk, false);
  });

  it("finds broken framing", () => {
    for (const bytes of [
      "x\r\n",
      "3\nabc",
      "3\r\nabcd\r\n",
      "-1\r\n",
      "fffffffffffff\r\n",
      "\r\n",
      "0\r\nbad trailer\r\n\r\n",
    ]) {
      assert.equal(new ChunkWalker(false).walk(Buffer.from(bytes)).kind, "invalid", JSON.stringify(bytes));
    }
  });
});

describe("a response's head", () => {
  it("is refused where it could be read in two ways", () => {
    for (const fields of [
      "Content-Length: 1\r\nContent-Length: 1\r\n",
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 1,1\r\n",
      "Name : value\r\n",
      "Name: one\r\n folded\r\n",
      "Name: a\0b\r\n",
      "Name: a\rb\r\n",
      "no colon\r\n",
    ]) {
      assert.equal(read(`HTTP/1.1 200 OK\r\n${fields}\r\n`).kind, "invalid", JSON.stringify(fields));
    }
  });

  it("never throws, whatever the bytes, and never waits for more than 64 KiB", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { kind } = readResponseHead(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\n"), bytes]), "GET");
        assert.ok(["head", "invalid", "incomplete"].includes(kind));
      }),
    );
    assert.equal(read(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(70_000)}`).kind, "invalid");
  });

  it("says how its body ends", () => {
    assert.equal(framingOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"), "chunked true");
    assert.equal(framingOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\n"), "length false");
    assert.equal(framingOf("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), "length false");
    assert.equal(framingOf("HTTP/1.1 200\n\n"), "until-close false");
    assert.equal(framingOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"), "none true");
    assert.equal(framingOf("HTTP/1.1 304 Not Modified\r\n\r\n"), "none true");
  });
});

function read(text: string, method = "GET") {
  return readResponseHead(Buffer.from(text, "latin1"), method);
}

function framingOf(text: string, method?: string): string {
  const head = read(text, method);
  return head.kind === "head" ? `${head.framing.kind} ${head.keepAlive}` : head.kind;
}
