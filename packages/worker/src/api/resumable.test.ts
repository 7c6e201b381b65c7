import assert from "node:assert/strict";
import { pingTimes } from "@drover/contract/ping-times";
import { systemClock } from "@drover/foundation/clock";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pino } from "pino";
import { INTERJECT_HEADER, RESUME_HEADER } from "@drover/contract/headers";
import { createServer } from "../server.ts";
import type { GenerationSink, Generator } from "../generation-contract.ts";
import { byteModel, byteVocabulary } from "../test-support/byte-vocabulary.ts";

const KEY = "0b8f3a3e-8f0e-4c0e-9d51-7f3a1b2c4d5e";
const IDENTITY = 77;
const CACHED = 3;
const user = { role: "user", content: "hi" };
const parameters = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const call = '<tool_call>\n{"name": "f", "arguments": {"a": 12}}\n</tool_call>';
const thinking = "<think>Was tun? 想想。</think>";

/** Everything that a response can be made of, by each API. */
const responses: Readonly<Record<string, { readonly path: string; readonly body: object; readonly text: string }>> = {
  "a chat": { path: "/v1/chat/completions", body: { messages: [user] }, text: `${thinking}Hello 你好!` },
  "a chat with a call of a tool": {
    path: "/v1/chat/completions",
    body: { messages: [user], tools: [{ type: "function", function: { name: "f", parameters } }] },
    text: `${thinking}Let me see. ${call}${call}`,
  },
  "a chat whose thinking has a budget": {
    path: "/v1/chat/completions",
    body: { messages: [user], thinking_budget: 5 },
    text: "<think>one two three four five</think>Yes",
  },
  "a chat in a format": {
    path: "/v1/chat/completions",
    body: { messages: [user], response_format: { type: "json_object" }, max_tokens: 60 },
    text: `${thinking}{"a": [1, 2, {"b": "c"`,
  },
  "a text with a stop": { path: "/v1/completions", body: { prompt: "hi", stop: "STOP" }, text: "one STO two STOP" },
  "a message of Anthropic's": {
    path: "/v1/messages",
    body: { model: "m", max_tokens: 200, messages: [user], tools: [{ name: "f", input_schema: parameters }] },
    text: `Let me see. ${call}`,
  },
  "a chat of Ollama's": {
    path: "/api/chat",
    body: { messages: [user], tools: [{ type: "function", function: { name: "f", parameters } }] },
    text: `${thinking}Let me see. ${call}`,
  },
  "a response": {
    path: "/v1/responses",
    body: { input: "hi", tools: [{ type: "function", name: "f", parameters }] },
    text: `${thinking}Let me see. ${call}`,
  },
};

describe("a response that another worker continues", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "drover-journal-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A worker whose model says this text, whatever the prompt, and what it was asked for. */
  function serve(text: string, nowMs: number, start: { promptTokens?: number } = {}) {
    const made: number[] = [];
    const generator = textGenerator(byteVocabulary.tokenize(text, "control"), made, start);
    const server = createServer({ ...partsOf(generator), clock: { ...systemClock, epochMs: () => nowMs } });
    const post = (path: string, payload: object, sentBytes: number, { key = KEY, payloadAsStream = false } = {}) => {
      const headers = { [RESUME_HEADER]: `${key} ${sentBytes}` };
      return server.inject({ method: "POST", url: path, payload, headers, payloadAsStream });
    };
    return { post, made };
  }

  const partsOf = (generator: Generator) => ({
    generator,
    vocabulary: byteVocabulary,
    model: byteModel,
    slots: { contextTokens: 4096, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "silent" }),
    journals: { directory, identity: IDENTITY, onTrouble: assert.fail },
    randomSeed: () => 5,
  });

  const leaveJournal = (words: readonly number[]) =>
    writeFileSync(join(directory, `.response-${KEY}`), Int32Array.from([IDENTITY, 1_700_000_000, CACHED, ...words]));

  for (const [name, { path, body, text }] of Object.entries(responses)) {
    it(`is the same stream to the last byte, wherever its worker died: ${name}`, async () => {
      const start = {};
      const first = serve(text, 1_700_000_000_000, start);
      const stream = { ...body, stream: true };
      const { whole, ends } = await writesOf(first.post(path, stream, 0, { payloadAsStream: true }));
      const second = serve(text, 1_800_000_000_000, start);
      for (let died = 1; died <= first.made.length; died += 1) {
        // The client cannot have more than these tokens made.
        const most = Math.floor(((ends.length - 3) * died) / first.made.length);
        for (const sent of died % 4 === 0 ? [0, ends[most] ?? 0] : [ends[most] ?? 0]) {
          leaveJournal(first.made.slice(0, died));
          const { body: rest, headers } = await second.post(path, stream, sent);
          assert.equal(headers[RESUME_HEADER], String(sent));
          assert.equal(untimed(rest), untimed(whole.subarray(sent).toString()), `${died} tokens, ${sent} bytes`);
          assert.equal(Buffer.byteLength(rest), whole.length - sent);
        }
      }
      assert.deepEqual(readdirSync(directory), []);
    });

    it(`loses none of its tokens where it is no stream: ${name}`, async () => {
      const start = {};
      const first = serve(text, 1_700_000_000_000, start);
      const response = await first.post(path, body, 0);
      assert.equal(response.statusCode, 200, response.body);
      leaveJournal(first.made.slice(0, 4));
      const second = serve(text, 1_800_000_000_000, start);
      assert.equal(untimed((await second.post(path, body, 0)).body), untimed(response.body));
      assert.equal(second.made.length, first.made.length - 4);
    });
  }

  it("is told about while its prompt is read again, and only then", async () => {
    const chat = { messages: [user], stream: true, max_tokens: 5 };
    const text = "Hello";
    const first = serve(text, 1_700_000_000_000);
    const { whole, ends } = await writesOf(first.post("/v1/chat/completions", chat, 0, { payloadAsStream: true }));
    leaveJournal(first.made.slice(0, 2));
    const sent = ends[1] ?? 0;
    const ticks: (() => void)[] = [];
    const reading: { sink?: GenerationSink; prompt?: number } = {};
    const server = createServer({
      ...partsOf({
        contextTokens: 4096,
        generate: ({ prompt }, sink) => {
          reading.sink = sink;
          reading.prompt = prompt.length;
          return { cancel: () => undefined };
        },
      }),
      clock: {
        ...systemClock,
        after: (delayMs, action) => {
          if (delayMs !== pingTimes.delayMs) return systemClock.after(delayMs, action);
          const turn = setImmediate(action);
          return () => clearImmediate(turn);
        },
        every: (_, tick) => {
          ticks.push(tick);
          return () => void ticks.splice(ticks.indexOf(tick), 1);
        },
      },
    });
    await server.listen({ host: "127.0.0.1", port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const headers = { [RESUME_HEADER]: `${KEY} ${sent}`, [INTERJECT_HEADER]: "pings" };
    const request = http.request({ port, path: "/v1/chat/completions", method: "POST", headers });
    try {
      const said: string[] = [];
      let tell: (() => void) | undefined;
      request.on("information", ({ headers: fields }) => {
        said.push(decodeURIComponent(String(fields[INTERJECT_HEADER])));
        tell?.();
      });
      const response = new Promise<http.IncomingMessage>((resolve) => request.on("response", resolve));
      request.end(JSON.stringify(chat));
      await new Promise<void>((resolve) => (tell = resolve));
      while (reading.sink === undefined) await new Promise((resolve) => setImmediate(resolve));
      reading.sink.onPromptRead?.(5);
      const told = new Promise<void>((resolve) => (tell = resolve));
      for (const tick of ticks) tick();
      await told;
      for (const token of byteVocabulary.tokenize(text.slice(2), "control")) reading.sink.onToken({ token });
      assert.deepEqual(ticks, [], "nothing more is said once there is text");
      reading.sink.onEnd({ reason: "length" });
      const rest: Buffer[] = [];
      for await (const bytes of await response) rest.push(bytes as Buffer);
      assert.equal(untimed(Buffer.concat(rest).toString()), untimed(whole.subarray(sent).toString()));
      assert.deepEqual(said, [
        `: prompt 3/${(reading.prompt ?? 0) - 2}\n\n`,
        `: prompt 5/${(reading.prompt ?? 0) - 2}\n\n`,
      ]);
    } finally {
      request.destroy();
      await server.close();
    }
  });

  it("is refused where nothing is known of what the client has", async () => {
    const chat = { messages: [user], stream: true };
    const { post } = serve("Hello", 0);
    const refused = await post("/v1/chat/completions", chat, 100);
    assert.equal(refused.statusCode, 409);
    assert.equal(refused.json<{ error: { code: string } }>().error.code, "not_resumable");
    leaveJournal(byteVocabulary.tokenize("Hel", "control"));
    const detailed = await post("/v1/chat/completions", { ...chat, logprobs: true }, 100);
    assert.equal(detailed.statusCode, 409);
  });

  it("is cut off where its events do not come to what the client has", async () => {
    leaveJournal(byteVocabulary.tokenize("Hel", "control"));
    const { post } = serve("Hello", 0);
    await assert.rejects(post("/v1/chat/completions", { messages: [user], stream: true }, 11));
  });

  it("needs a key that nobody can lead out of the directory with", async () => {
    const { post } = serve("Hello", 0);
    const response = await post("/v1/chat/completions", { messages: [user] }, 0, {
      key: "../../../../../../../../../tmp/abcdef",
    });
    assert.deepEqual([response.statusCode, response.headers[RESUME_HEADER]], [200, undefined]);
    assert.deepEqual(readdirSync(directory), []);
  });
});

/** A streamed response, and the offsets of the ends of its writes: what a balancer passes on is complete ones. */
async function writesOf(response: Promise<{ stream(): AsyncIterable<Buffer> }>) {
  const writes: Buffer[] = [];
  for await (const write of (await response).stream()) writes.push(write);
  let end = 0;
  return { whole: Buffer.concat(writes), ends: writes.map(({ length }) => (end += length)) };
}

/** Says the text from where the prompt, which begins behind `start`, has come to; `made` are its tokens and how it ended. */
function textGenerator(said: readonly number[], made: number[], start: { promptTokens?: number }): Generator {
  return {
    contextTokens: 4096,
    generate(request, sink) {
      start.promptTokens ??= request.prompt.length;
      let at = request.prompt.length - start.promptTokens;
      let left = request.maxTokens;
      sink.onStart?.({ slot: 0, cachedTokens: CACHED });
      const step = (): void => {
        const token = said[at++];
        if (token === undefined) {
          made.push(-1);
          return sink.onEnd({ reason: "end-of-text" });
        }
        made.push(token);
        if (sink.onToken({ token }) === "stop") return sink.onEnd({ reason: "stopped" });
        left -= 1;
        if (left > 0) return void setImmediate(step);
        made.push(-2);
        sink.onEnd({ reason: "length" });
      };
      setImmediate(step);
      return { cancel: () => undefined };
    },
  };
}

/** Without what it took, which is another time on another worker. */
function untimed(text: string): string {
  const durations = /,"(?:total|prompt_eval|eval)_duration":\d+/gu;
  return text
    .replaceAll(/,"timings":\{[^}]*\} */gu, "")
    .replaceAll(durations, "")
    .replaceAll(/\} +\n/gu, "}\n");
}
