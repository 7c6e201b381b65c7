import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { prefixChain } from "./seen-prefixes.ts";

const path = "/v1/chat/completions";
const chainOf = (body: unknown) => prefixChain(path, Buffer.from(JSON.stringify(body)));
const chat = (...texts: string[]) => ({ model: "m", messages: texts.map((content) => ({ role: "user", content })) });

describe("a prompt's chain", () => {
  it("has as many links in common with another one as the two have text in common", () => {
    const one = chainOf(chat("You are a helpful assistant.", "Tell me of sheep, and tell me more than I know."));
    const other = chainOf(chat("You are a helpful assistant.", "Tell me of dogs."));
    const known = new Set(one?.links.map(({ hash }) => hash));
    const shared = other?.links.filter(({ hash }) => known.has(hash)).at(-1)?.chars ?? 0;
    assert.ok(shared > "You are a helpful assistant.".length, String(shared));
    assert.equal(
      chainOf(chat("entirely different"))?.links.some(({ hash }) => known.has(hash)),
      false,
    );
  });

  it("is made of a body of the largest size without holding up the loop, whatever is in it", () => {
    const size = 1_048_576;
    const texts = Array.from({ length: 100_000 }, () => "a");
    for (const body of [
      { messages: Array(size / 2).fill(0) },
      chat(...texts),
      chat("x".repeat(size)),
      chat("[".repeat(size)),
    ]) {
      const before = process.cpuUsage();
      const chain = chainOf(body);
      assert.ok((chain?.links.length ?? 0) < 500, `${chain?.links.length} links`);
      const { user, system } = process.cpuUsage(before);
      // Most of it is the making of the body itself; a parser took seconds.
      assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms of CPU`);
    }
  });

  it("is none where there is no prompt", () => {
    assert.equal(chainOf({ messages: [0, 0, 0] }), undefined);
    assert.equal(prefixChain("/tokenize", Buffer.from('{"content":"text"}')), undefined);
  });
});
