import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { peerOf } from "../test-support/peers.ts";
import { isAvailable } from "./availability.ts";

describe("who may take a request", () => {
  for (const [name, facts, expected] of [
    ["a worker with a free slot", { maxConns: 2, conns: 1 }, true],
    ["a worker whose slots are all taken", { maxConns: 2, conns: 2 }, false],
    ["a worker that is kept for one request", { aloneFor: {} }, false],
    ["a worker that loads", { ready: false }, false],
    ["a worker that drains", { draining: true }, false],
    ["a server that is marked down", { down: true }, false],
    ["a server that failed a moment ago", { fails: 1, checkedAt: 95 }, false],
    ["a server whose fail_timeout is over", { fails: 1, checkedAt: 89 }, true],
    ["a server whose failures do not count", { fails: 9, checkedAt: 95, maxFails: 0 }, true],
  ] as const) {
    it(`is ${expected ? "" : "not "}${name}`, () => {
      assert.equal(isAvailable(peerOf("a", facts), 100_000), expected);
    });
  }
});
