import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClientPatience } from "./client-relay.ts";

/** @returns the seconds after which it is cut; undefined: it is not within an hour */
function cutAfter(bytesPerSecond: number, pieceBytes: number): number | undefined {
  const patience = new ClientPatience(60_000);
  let bytes = 0;
  for (let nowMs = 0; nowMs < 3_600_000; ) {
    const mostMs = patience.begin(nowMs);
    const waitMs = (1000 * pieceBytes) / bytesPerSecond;
    if (waitMs > mostMs) return (nowMs + mostMs) / 1000;
    nowMs += waitMs;
    bytes += pieceBytes;
    patience.end(bytes, nowMs);
  }
  return undefined;
}

describe("The patience with a client that reads slowly", () => {
  it("is over after the time that one may take nothing, however often that one takes a few bytes", () => {
    for (const [bytesPerSecond, pieceBytes] of [
      [1, 1],
      [1 / 60, 1],
      [300, 16_384],
      [1000, 1000],
    ] as const) {
      const seconds = cutAfter(bytesPerSecond, pieceBytes);
      assert.ok(seconds !== undefined && seconds <= 80, `${bytesPerSecond} bytes a second: ${seconds} s`);
    }
  });

  it("has no end with one that takes four kilobytes a second, in pieces of any size", () => {
    for (const pieceBytes of [100, 4096, 65_536]) assert.equal(cutAfter(4100, pieceBytes), undefined);
  });

  it("has no end where there is no limit", () => {
    const patience = new ClientPatience(0);
    assert.equal(patience.begin(0), 0);
    patience.end(1, 1e9);
    assert.equal(patience.begin(1e9), 0);
  });
});
