import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { CondemnedRequests } from "./condemned-requests.ts";

const sent = { method: "POST", target: "/v1/chat/completions", owner: "alice" };
const chat = (content: string, more: object = {}) =>
  Buffer.from(JSON.stringify({ messages: [{ role: "user", content }], ...more }));
const completion = (prompt: unknown) => Buffer.from(JSON.stringify({ prompt }));
const tokens = (first: number) => Array.from({ length: 200 }, (_, index) => first + 7 * index);

function isRefused(killer: Buffer, body: Buffer, other: Partial<typeof sent> = {}): boolean {
  const condemned = new CondemnedRequests(systemClock);
  condemned.recordOf(sent, killer).condemn();
  return condemned.recordOf({ ...sent, ...other }, body).isCondemned();
}

describe("a request that crashed two workers", () => {
  it("is refused when it comes again, whoever sends it", () => {
    assert.ok(isRefused(chat("boom"), chat("boom")));
    assert.ok(isRefused(chat("boom"), chat("boom"), { owner: "bob" }));
    assert.ok(!isRefused(chat("boom"), chat("boom"), { target: "/v1/messages" }));
  });

  it("takes those of its sender with it that differ in a count, a number, a blank or a capital", () => {
    const killer = chat("-".repeat(30_000), { seed: 1, max_tokens: 20 });
    assert.ok(isRefused(killer, chat("-".repeat(40_000), { seed: 2, max_tokens: 30 })));
    assert.ok(isRefused(chat("Killer 1 of many"), chat("killer 2  of many")));
    assert.ok(!isRefused(killer, chat("-".repeat(40_000), { seed: 2, max_tokens: 30 }), { owner: "bob" }));
  });

  it("takes no other text with it, however much both have in common", () => {
    const history = "All that was said before, and a long table: ".repeat(10_000);
    for (const [killer, body] of [
      [chat("-".repeat(30_000)), chat("Is `-----` a line?")],
      [chat(`${history} boom`), chat(history)],
      [chat(`${history} boom`), chat(`${history} and then?`)],
      [chat("x", { logit_bias: { 5: 1 } }), chat("x", { n: 2 })],
      [completion(tokens(1)), completion(tokens(2))],
      [completion([tokens(1), tokens(2)]), completion([tokens(1), tokens(3)])],
    ] as const)
      assert.ok(!isRefused(killer, body), killer.toString().slice(-60));
  });
});
