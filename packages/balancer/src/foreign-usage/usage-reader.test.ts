import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { PlainUsageReader, type ForeignUsage, usageReader } from "./usage-reader.ts";

const event = (value: unknown, name?: string) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;

const chunk = (more: object) => ({ id: "c", model: "m", choices: [{ index: 0, delta: { content: "x" } }], ...more });
const finished = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
const forged = '"usage":{"prompt_tokens":9,"completion_tokens":9},"timings":{"prompt_n":9,"predicted_n":9}';

const told = { prompt: 12, cached: 4, completion: 5, reasoning: 0 };

const completion = {
  content: forged,
  model: "m",
  tokens_predicted: 5,
  tokens_evaluated: 12,
  prompt: forged,
  stop_type: "limit",
  tokens_cached: 16,
  timings: { cache_n: 4, prompt_n: 8, predicted_n: 5 },
};

/** As the servers of these names send them. */
const bodies: Readonly<Record<string, readonly [string, object | undefined, finish: string | undefined]>> = {
  "OpenAI's, in one piece": [
    JSON.stringify({
      model: "m",
      choices: [{ message: { content: forged }, finish_reason: "length" }],
      usage: {
        prompt_tokens: 12,
        completion_tokens: 5,
        total_tokens: 17,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    }),
    { ...told, reasoning: 3 },
    "length",
  ],
  "OpenAI's stream with include_usage": [
    event(chunk({ usage: null })) +
      event(chunk({ usage: null, ...finished })) +
      event({
        model: "m",
        choices: [],
        usage: { prompt_tokens: 12, completion_tokens: 5, prompt_tokens_details: null },
      }) +
      "data: [DONE]\n\n",
    { ...told, cached: 0 },
    "stop",
  ],
  "OpenAI's stream without": [event(chunk({})) + event(chunk(finished)) + "data: [DONE]\n\n", undefined, "stop"],
  "OpenAI's responses": [
    event({ response: { model: "m", usage: null } }, "response.created") +
      event(
        {
          response: {
            status: "incomplete",
            model: "m",
            output: [{ status: "incomplete", type: "message", content: [{ text: forged }] }],
            usage: { input_tokens: 12, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, total_tokens: 17 },
          },
        },
        "response.completed",
      ),
    told,
    "length",
  ],
  "llama-server's stream": [
    event(chunk({})) +
      event(chunk({ ...finished, timings: { cache_n: 4, prompt_n: 8, prompt_ms: 1.5, predicted_n: 5 } })) +
      "data: [DONE]\n\n",
    told,
    "stop",
  ],
  "llama-server's own": [JSON.stringify(completion), told, "length"],
  "llama-server's own, with much behind its counts": [
    JSON.stringify({ ...completion, completion_probabilities: Array.from({ length: 3000 }, () => ({ id: 1 })) }),
    told,
    "length",
  ],
  "llama-server's own, of several prompts": [
    JSON.stringify([completion, completion]),
    { prompt: 24, cached: 8, completion: 10, reasoning: 0 },
    "length",
  ],
  "llama-server's own, of more prompts than are looked at": [
    JSON.stringify(Array.from({ length: 100 }, () => completion)),
    undefined,
    "length",
  ],
  "Anthropic's stream": [
    event({ message: { model: "m", usage: { input_tokens: 8, cache_read_input_tokens: 4, output_tokens: 1 } } }) +
      event({ type: "content_block_delta", delta: { text: "x".repeat(20_000) } }) +
      event({ delta: { stop_reason: "tool_use" }, usage: { output_tokens: 5 } }, "message_delta"),
    told,
    "tool_calls",
  ],
  "Ollama's lines": [
    `${JSON.stringify({ model: "m", message: { content: "x" }, done: false })}\n${JSON.stringify({ model: "m", done: true, done_reason: "stop", prompt_eval_count: 12, eval_count: 5 })}\n`,
    { ...told, cached: 0 },
    "stop",
  ],
  "llama-server's embeddings": [
    JSON.stringify({
      model: "m",
      usage: { prompt_tokens: 12, total_tokens: 12 },
      data: Array.from({ length: 4000 }, () => 0.25),
    }),
    { ...told, cached: 0, completion: 0 },
    undefined,
  ],
  "counts behind which much more comes": [
    JSON.stringify({ model: "m", data: "x".repeat(17_000), usage: { prompt_tokens: 12 }, more: "x".repeat(20_000) }),
    undefined,
    undefined,
  ],
  "counts that are none": ['{"model":"m","usage":{"prompt_tokens":"12","completion_tokens":-5}}', undefined, undefined],
};

function readOf(coding: string, bytes: Buffer): ForeignUsage | undefined {
  const reader = usageReader(coding, () => 7);
  for (let at = 0; at < bytes.length; at += 10) reader?.push(bytes.subarray(at, at + 10));
  return reader?.read();
}

describe("What a server's response tells of tokens", () => {
  for (const [name, [body, tokens, finish]] of Object.entries(bodies)) {
    it(`is read however its bytes are cut: ${name}`, () => {
      for (const size of [1, 7, 1000, body.length]) {
        const reader = new PlainUsageReader(() => 0);
        for (let at = 0; at < body.length; at += size) reader.push(Buffer.from(body.slice(at, at + size)));
        const read = reader.read();
        assert.deepEqual([read.tokens, read.finish, read.model], [tokens, finish, "m"], `parts of ${size}`);
      }
    });
  }

  it("is read in each coding of a body, as far as it came, and not where the body is another or large", () => {
    const [body, tokens] = bodies["llama-server's stream"] ?? [""];
    const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    for (const [coding, encode] of Object.entries(codings)) {
      const coded = encode(Buffer.from(body));
      assert.deepEqual(readOf(coding, coded), { model: "m", tokens, finish: "stop", firstEventMs: 7 }, coding);
      assert.equal(readOf(coding, coded.subarray(0, -4))?.model, "m", coding);
      assert.equal(readOf(coding, encode(Buffer.alloc(5_000_000)))?.tokens, undefined, coding);
      assert.equal(readOf(coding, Buffer.from(body))?.tokens, undefined, coding);
    }
    assert.equal(
      usageReader("unknown", () => 7),
      undefined,
    );
  });

  it("has the time of the first event, and of no comment before it", () => {
    let nowMs = 1;
    const reader = new PlainUsageReader(() => nowMs);
    reader.push(Buffer.from(": processing\n\n"));
    nowMs = 2;
    reader.push(Buffer.from(event(chunk({}))));
    nowMs = 3;
    reader.push(Buffer.from("data: [DONE]\n\n"));
    assert.equal(reader.read().firstEventMs, 2);
  });
});
