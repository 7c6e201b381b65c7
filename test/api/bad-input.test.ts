import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";
import { residentBytesOf } from "../support/processes.ts";

const CONTEXT = 256;
const hello = [{ role: "user", content: "Hi" }];

interface Envelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string;
    readonly param: string | null;
  };
}

describe("Bad input", () => {
  let worker: ApiWorker;

  before(async () => {
    worker = await startApiWorker("tiny", { contextTokens: CONTEXT, slots: 2 });
  });
  after(() => worker.close());

  const post = async (path: string, body: unknown) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(worker.url + path, { method: "POST", body: text });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Envelope };
  };

  it("is refused with 400, OpenAI's envelope and the field's name", async () => {
    const chat = (more: Readonly<Record<string, unknown>>) =>
      ["/v1/chat/completions", { messages: hello, ...more }] as const;
    const cases: readonly (readonly [string, unknown, string | null, string])[] = [
      ["/v1/chat/completions", "{", null, "invalid_json"],
      ["/v1/chat/completions", "", null, "missing_body"],
      ["/v1/chat/completions", "[".repeat(5000) + "]".repeat(5000), null, "nested_too_deep"],
      ["/v1/chat/completions", {}, "messages", "missing_required_parameter"],
      ["/v1/chat/completions", { messages: [] }, "messages", "invalid_value"],
      [...chat({ messages: [{ role: "robot", content: "x" }] }), "messages[0].role", "invalid_value"],
      [...chat({ messages: [...hello, { role: "user" }] }), "messages[1].content", "missing_required_parameter"],
      [
        ...chat({ messages: [{ role: "user", content: [{ type: "image_url" }] }] }),
        "messages[0].content[0].type",
        "unsupported_parameter",
      ],
      [...chat({ temperature: "hot" }), "temperature", "invalid_type"],
      [...chat({ temperature: -0.1 }), "temperature", "invalid_value"],
      [...chat({ max_tokens: -2 }), "max_tokens", "invalid_value"],
      [...chat({ n: 1.5 }), "n", "invalid_type"],
      [...chat({ stop: Array.from({ length: 65 }, () => "a") }), "stop", "invalid_value"],
      [...chat({ stop: "a".repeat(1001) }), "stop", "invalid_value"],
      [...chat({ stop: ["a", "a".repeat(1001)] }), "stop[1]", "invalid_value"],
      [...chat({ stop_token_ids: Array.from({ length: 8193 }, () => 5) }), "stop_token_ids", "invalid_value"],
      [...chat({ n: 128, logprobs: true, top_logprobs: 20 }), "max_tokens", "too_expensive"],
      [...chat({ logit_bias: { 999999: 1 } }), "logit_bias", "invalid_value"],
      [...chat({ top_logprobs: 2 }), "top_logprobs", "invalid_value"],
      [...chat({ functions: [{ name: "f" }] }), "functions", "unsupported_parameter"],
      [...chat({ guided_regex: "a+" }), "guided_regex", "unsupported_parameter"],
      [
        ...chat({ tools: [{ type: "function", function: { name: "天 气" } }] }),
        "tools[0].function.name",
        "invalid_value",
      ],
      [...chat({ tool_choice: "required" }), "tool_choice", "invalid_value"],
      ["/v1/completions", { prompt: "x", suffix: "y" }, "suffix", "unsupported_parameter"],
      ["/v1/completions", { prompt: [99999] }, "prompt", "invalid_value"],
      ["/v1/completions", { prompt: [] }, "prompt", "invalid_value"],
      ["/v1/embeddings", { input: [] }, "input", "invalid_value"],
      ["/v1/embeddings", { input: "x" }, "model", "embeddings_not_enabled"],
      ["/embedding", {}, "content", "invalid_value"],
      ["/embedding", { content: null, input: null }, "content", "invalid_value"],
      ["/embedding", { content: "x" }, "model", "embeddings_not_enabled"],
      [
        "/v1/responses",
        { input: "x", previous_response_id: "resp_1" },
        "previous_response_id",
        "unsupported_parameter",
      ],
      ["/v1/messages", { model: "x", messages: hello }, "max_tokens", "missing_required_parameter"],
      ["/detokenize", { tokens: [1e9] }, "tokens", "invalid_value"],
    ];
    for (const [path, sent, param, code] of cases) {
      const { status, body } = await post(path, sent);
      const { error } = body;
      assert.deepEqual([status, error.param, error.code], [400, param, code], error.message);
      assert.equal(error.type, "invalid_request_error");
      assert.ok(error.message.length > 10 && !/\.(?:ts|js):\d/u.test(error.message));
    }
  });

  it("in another encoding than UTF-8, or compressed, is refused rather than read as other text", async () => {
    const [before, after] = ['{"max_tokens":1,"messages":[{"role":"user","content":"', '"}]}'];
    const bytes = (...content: number[]) =>
      Uint8Array.from([...Buffer.from(before), ...content, ...Buffer.from(after)]);
    const gbk = bytes(0xc4, 0xe3, 0xba, 0xc3);
    assert.deepEqual(await sendBody(worker.url, gbk), [400, "invalid_json"]);
    const plain = Uint8Array.from(Buffer.from(`${before}你好${after}`));
    assert.deepEqual(await sendBody(worker.url, Uint8Array.from([0xef, 0xbb, 0xbf, ...plain])), [200, undefined]);
    const zipped = Uint8Array.from(gzipSync(plain));
    assert.deepEqual(await sendBody(worker.url, zipped, { "content-encoding": "gzip" }), [
      415,
      "unsupported_content_encoding",
    ]);
    assert.deepEqual(await sendBody(worker.url, plain, { "content-encoding": "identity" }), [200, undefined]);
  });

  it("is told apart: unknown routes 404, known ones with another method 405 and Allow", async () => {
    assert.equal((await post("/v1/nothing", {})).status, 404);
    const wrong = await fetch(`${worker.url}/v1/chat/completions`);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "POST");
    assert.equal(((await wrong.json()) as Envelope).error.code, "method_not_supported");
    assert.equal((await post("/v1/models/tiny", {})).status, 405);
  });

  it("over the context: exactly full gives one token, one more is refused with both numbers", async () => {
    const full = await post("/v1/completions", {
      prompt: Array.from({ length: CONTEXT - 1 }, () => 97),
      max_tokens: 50,
      ignore_eos: true,
    });
    assert.equal(full.status, 200);
    const { usage, choices } = full.body as unknown as Completion;
    assert.equal(usage.prompt_tokens, CONTEXT - 1);
    assert.ok(usage.completion_tokens >= 1 && usage.completion_tokens <= 2);
    assert.equal(choices[0]?.finish_reason, "length");
    const over = await post("/v1/completions", { prompt: Array.from({ length: CONTEXT }, () => 97) });
    assert.equal(over.status, 400);
    assert.equal(over.body.error.code, "context_length_exceeded");
    assert.match(over.body.error.message, /256 tokens.*256 tokens/su);
    const chat = await post("/v1/chat/completions", { messages: [{ role: "user", content: "sheep ".repeat(400) }] });
    assert.equal(chat.body.error.code, "context_length_exceeded");
    assert.equal(chat.body.error.param, "messages");
  });

  it("over 10 MiB is refused with 413 and closed, whether announced or chunked, with memory flat", async () => {
    const before = residentBytesOf(worker.pid);
    const announced = await sendBytes({ "content-length": String(40 * 1024 * 1024) }, 1024);
    assert.deepEqual([announced.status, announced.closes], [413, true]);
    for (let round = 0; round < 5; round++) {
      const chunked = await sendBytes({}, 40 * 1024 * 1024);
      assert.deepEqual([chunked.status, chunked.closes], [413, true]);
    }
    const growth = residentBytesOf(worker.pid) - before;
    assert.ok(growth < 60 * 1024 * 1024, `grew by ${growth / 1024 / 1024} MiB`);
  });

  it("that is no HTTP is answered with 400 and closed", async () => {
    const socket = connect(Number(new URL(worker.url).port), "127.0.0.1");
    socket.end("GET / HTTP/1.1\r\nbad header\r\n\r\n");
    let text = "";
    for await (const bytes of socket) text += String(bytes);
    assert.match(text, /^HTTP\/1\.1 400 [^]*"error":\{"message"/u);
  });

  it("leaves every response with a request id: the client's where it is sane", async () => {
    const sane = await fetch(`${worker.url}/health`, { headers: { "x-request-id": "abc-1" } });
    assert.equal(sane.headers.get("x-request-id"), "abc-1");
    const odd = await fetch(`${worker.url}/nothing`, { headers: { "x-request-id": "a b\u00e9" } });
    assert.match(odd.headers.get("x-request-id") ?? "", /^req_[a-z0-9]{16}$/);
    const body = JSON.stringify({ messages: hello, stream: true, max_tokens: 1 });
    const headers = { "x-request-id": "stream-1" };
    const stream = await fetch(`${worker.url}/v1/chat/completions`, { method: "POST", body, headers });
    assert.equal(stream.headers.get("x-request-id"), "stream-1");
    assert.equal(stream.headers.get("x-accel-buffering"), "no");
    await stream.text();
  });

  async function sendBytes(headers: Readonly<Record<string, string>>, bytes: number) {
    const call = request(`${worker.url}/v1/chat/completions`, { method: "POST", headers, agent: false });
    call.on("error", () => {});
    const answered = once(call, "response");
    const block = Buffer.alloc(64 * 1024, 32);
    for (let sent = 0; sent < bytes; sent += block.length) {
      if (!call.write(block) && (await Promise.race([once(call, "drain"), answered])).length > 0) break;
    }
    const [response] = (await answered) as [IncomingMessage];
    call.destroy();
    return { status: response.statusCode, closes: response.headers.connection === "close" };
  }
});

describe("A worker with a secret", () => {
  it("answers only those who know it", async () => {
    process.env["DROVER_WORKER_SECRET"] = "s3cret";
    const worker = await startApiWorker("tiny").finally(() => delete process.env["DROVER_WORKER_SECRET"]);
    try {
      const status = async (headers: Readonly<Record<string, string>>) =>
        (await fetch(`${worker.url}/health`, { headers })).status;
      assert.equal(await status({}), 401);
      assert.equal(await status({ "x-drover-secret": "s3cre" }), 401);
      assert.equal(await status({ "x-drover-secret": "s3cret" }), 200);
    } finally {
      await worker.close();
    }
  });
});

async function sendBody(url: string, body: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body, headers });
  const { error } = (await response.json()) as Partial<Envelope>;
  return [response.status, error?.code];
}

interface Completion {
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
  readonly choices: readonly { readonly finish_reason: string }[];
}
