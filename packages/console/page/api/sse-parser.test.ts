import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SseParser, type StreamPart } from "./sse-parser.ts";

const STREAM = ': queue 2\n\ndata: {"a":1}\n\nevent: error\r\ndata: one\r\ndata: two\r\n\r\n: ping\rdata:[DONE]\n\n';

const PARTS: readonly StreamPart[] = [
  { kind: "comment", text: "queue 2" },
  { kind: "event", name: "", data: '{"a":1}' },
  { kind: "event", name: "error", data: "one\ntwo" },
  { kind: "comment", text: "ping" },
  { kind: "event", name: "", data: "[DONE]" },
];

describe("the reader of event streams", () => {
  it("yields events and comments in order, whatever ends their lines", () => {
    assert.deepEqual(new SseParser().push(STREAM), PARTS);
  });

  it("yields the same wherever the stream is cut", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new SseParser();
      assert.deepEqual(
        [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))],
        PARTS,
        `cut at ${cut}`,
      );
    }
    const parser = new SseParser();
    assert.deepEqual(
      STREAM.split("").flatMap((character) => parser.push(character)),
      PARTS,
    );
  });

  it("yields nothing for an event that is not complete", () => {
    assert.deepEqual(new SseParser().push("data: half\n"), []);
  });
});
