import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";
import { PATIENCE_MS } from "../support/until.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

const SLOTS = 4;

interface Sent {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The client leaves after this long. */
  readonly abortMs: number | undefined;
}

const text = fc.stringMatching(/^[a-z 你好鸡兔🐇]{1,40}$/u);
const sampling = {
  temperature: fc.constantFrom(0, 0.7, 2),
  top_p: fc.constantFrom(0.1, 1),
  seed: fc.nat(1000),
  stop: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 })),
  stream: fc.boolean(),
};
/** At the extremes: a grammar may be left without a token. */
const logitBias = fc.dictionary(fc.nat(511).map(String), fc.constantFrom(-100, 100, 5), { maxKeys: 8 });

const responseFormat = fc.constantFrom(
  { type: "json_object" },
  { type: "json_schema", json_schema: { name: "a", schema: { enum: ["鸡", "兔子", "🐇", 5, null] } } },
  {
    type: "json_schema",
    json_schema: {
      name: "a",
      schema: {
        type: "object",
        properties: { 头: { type: "integer" } },
        required: ["头"],
        additionalProperties: false,
      },
    },
  },
);
const tools = fc.constant([
  {
    type: "function",
    function: { name: "count", parameters: { type: "object", properties: { 脚: { type: "number" } } } },
  },
]);

const chat = fc.record(
  {
    ...sampling,
    messages: fc.array(fc.record({ role: fc.constantFrom("system", "user", "assistant"), content: text }), {
      minLength: 1,
      maxLength: 3,
    }),
    max_tokens: fc.integer({ min: 1, max: 200 }),
    n: fc.integer({ min: 1, max: 3 }),
    logprobs: fc.constant(true),
    top_logprobs: fc.integer({ min: 0, max: 5 }),
    logit_bias: logitBias,
    presence_penalty: fc.constantFrom(-2, 0, 2),
    response_format: responseFormat,
    tools,
    cache_prompt: fc.boolean(),
  },
  { requiredKeys: ["messages", "max_tokens", "logprobs"] },
);
const completion = fc.record(
  {
    ...sampling,
    prompt: text,
    max_tokens: fc.integer({ min: 1, max: 60 }),
    logprobs: fc.nat(5),
    ignore_eos: fc.boolean(),
  },
  { requiredKeys: ["prompt", "max_tokens"] },
);
const message = fc.record(
  {
    model: fc.constant("m"),
    temperature: fc.constantFrom(0, 1),
    stream: fc.boolean(),
    messages: text.map((content) => [{ role: "user", content }]),
    max_tokens: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: ["model", "messages", "max_tokens"] },
);

const request: fc.Arbitrary<Sent> = fc.option(fc.nat(40), { nil: undefined, freq: 3 }).chain((abortMs) =>
  fc.oneof(
    { weight: 4, arbitrary: chat.map((body) => ({ path: "/v1/chat/completions", body, abortMs })) },
    completion.map((body) => ({ path: "/v1/completions", body, abortMs })),
    message.map((body) => ({ path: "/v1/messages", body, abortMs })),
  ),
);

describe("Good requests of every kind, side by side", () => {
  let worker: ApiWorker;
  before(async () => {
    worker = await startApiWorker("tiny", { contextTokens: 128, slots: SLOTS });
  });
  after(() => worker.close());

  it("are all answered, whatever their neighbours ask for and however many leave; none harms another or the worker", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2 * SLOTS, maxLength: 3 * SLOTS }), async (requests) => {
        await Promise.all(requests.map(send));
      }),
      { numRuns: 60, endOnFailure: true },
    );
    await worker.idle();
  });

  async function send({ path, body, abortMs }: Sent): Promise<void> {
    const left = abortMs === undefined ? undefined : AbortSignal.timeout(abortMs);
    const limit = AbortSignal.timeout(PATIENCE_MS);
    const signal = left === undefined ? limit : AbortSignal.any([left, limit]);
    try {
      const response = await fetch(worker.url + path, { method: "POST", body: JSON.stringify(body), signal });
      const text = await response.text();
      const told = `${path} ${JSON.stringify(body)} -> ${response.status} ${text.slice(0, 500)}`;
      // What does not fit the slot is the one thing that can be wrong with them.
      if (response.status !== 200) assert.match(text, /context_length_exceeded/, told);
      assert.doesNotMatch(text, /"type":"server_error"|event: error/, told);
    } catch (error) {
      if (left?.aborted !== true) throw error;
    }
  }
});
