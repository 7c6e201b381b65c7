import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createResponseReader } from "./response-reader.ts";

const token = (text: string) => JSON.stringify({ choices: [{ delta: { content: text }, finish_reason: null }] });
const LAST = JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] });
const USAGE = JSON.stringify({
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 5 } },
});

const read = (...values: string[]) => {
  let nowMs = 0;
  const reader = createResponseReader(
    () => (nowMs += 10),
    () => {},
  );
  for (const value of values) reader.data(value);
  return { times: reader.tokenTimesMs, result: reader.result() };
};
const reason = (...values: string[]) => {
  const { result } = read(...values);
  return result.kind === "failed" ? result.reason : result.kind;
};

describe("the response reader", () => {
  it("takes a complete response with its text, usage and arrival times", () => {
    const { times, result } = read(token(""), token("a"), token("b"), LAST, USAGE, "[DONE]");
    assert.deepEqual(times, [10, 20]);
    assert.deepEqual(result, {
      kind: "ok",
      text: "ab",
      usage: { promptTokens: 7, cachedTokens: 5, completionTokens: 3 },
    });
  });

  it("counts reasoning, tool calls and text completions as tokens", () => {
    const chunks = [
      { choices: [{ delta: { reasoning_content: "hm" } }] },
      { choices: [{ delta: { tool_calls: [{}] } }] },
      { choices: [{ text: "x", finish_reason: "length" }] },
    ].map((chunk) => JSON.stringify(chunk));
    assert.equal(read(...chunks, "[DONE]").times.length, 3);
    assert.equal(reason(...chunks, "[DONE]"), "ok");
  });

  it("never takes an empty, broken off, unfinished, garbled or failed stream for a success", () => {
    assert.equal(reason(), "empty-response");
    assert.equal(reason(LAST, "[DONE]"), "empty-response");
    assert.equal(reason(token("a")), "no-finish-reason");
    assert.equal(reason(token("a"), "[DONE]"), "no-finish-reason");
    assert.equal(reason(token("a"), LAST), "no-done");
    assert.equal(reason(token("a"), "{oops", LAST, "[DONE]"), "garbage");
    assert.equal(reason(token("a"), JSON.stringify({ error: { message: "out of memory" } }), "[DONE]"), "error-event");
  });
});
