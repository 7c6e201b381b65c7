import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";
import { PATIENCE_MS } from "../support/until.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

const hello = [{ role: "user", content: "Hi" }];

/** A good body of each route, to be spoilt. Short responses, as some stay good. */
const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "/v1/chat/completions": {
    model: "m",
    messages: hello,
    max_tokens: 1,
    temperature: 0,
    top_p: 1,
    stop: ["x"],
    n: 1,
    stream: false,
    seed: 1,
    logit_bias: { 5: 1 },
    logprobs: true,
    top_logprobs: 1,
    user: "u",
    tool_choice: "auto",
    reasoning_effort: "low",
    response_format: {
      type: "json_schema",
      json_schema: { name: "a", schema: { type: "object", properties: { a: { type: "integer" } } } },
    },
    tools: [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }],
    chat_template_kwargs: { a: 1 },
  },
  "/v1/completions": {
    model: "m",
    prompt: "x",
    max_tokens: 1,
    echo: false,
    logprobs: 1,
    n: 1,
    stop: "y",
    stream: false,
    best_of: 1,
  },
  "/v1/embeddings": { model: "m", input: ["a"], encoding_format: "float", dimensions: 64 },
  "/v1/responses": {
    model: "m",
    input: [{ role: "user", content: [{ type: "input_text", text: "x" }] }],
    instructions: "i",
    max_output_tokens: 1,
    text: { format: { type: "text" } },
  },
  "/v1/messages": {
    model: "m",
    max_tokens: 1,
    messages: hello,
    system: [{ type: "text", text: "s" }],
    stop_sequences: ["x"],
    tools: [],
    thinking: { type: "disabled" },
  },
  "/v1/messages/count_tokens": { model: "m", messages: hello },
  "/tokenize": { content: "x", add_special: true, with_pieces: true },
  "/detokenize": { tokens: [1, 2] },
};

/** Bodies that get close to what is expected: one field of a good one, at any depth, replaced by anything. */
const spoilt = fc.constantFrom(...Object.keys(BODIES)).chain((path) => {
  const body = BODIES[path] ?? {};
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(
      -1,
      0,
      1e308,
      -1e308,
      1e21,
      2 ** 53,
      "",
      "\ud800",
      "\u0000",
      "<|im_end|>",
      [],
      {},
      [[]],
      null,
      true,
    ),
  );
  const spoil = fc
    .tuple(fc.constantFrom(...places(body)), value)
    .map(([place, item]) => JSON.stringify(replaced(body, place, item)));
  return fc.tuple(fc.constant(path), spoil);
});

const anything = fc.tuple(
  fc.constantFrom(...Object.keys(BODIES)),
  fc.oneof(
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.json().map((text) => text.slice(0, -1)),
  ),
);

const KEYWORDS = (
  "type properties items anyOf oneOf allOf $ref enum const pattern format minLength maxLength minimum maximum required " +
  "additionalProperties minItems prefixItems propertyNames minProperties $defs"
).split(" ");

/** Schemas that nobody would write. */
const schema: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  schema: fc.dictionary(
    fc.constantFrom(...KEYWORDS),
    fc.oneof(
      fc.constantFrom<unknown>(
        "object",
        "string",
        "integer",
        "array",
        "number",
        "#",
        "#/properties/a",
        "^[a-z]{2}$",
        "(",
        "date",
        0,
        1,
        3,
        -2.5,
        1e9,
        true,
        false,
        null,
        ["a"],
        ["object", "null"],
      ),
      tie("schema"),
      fc.array(tie("schema"), { maxLength: 2 }),
      fc.record({ a: tie("schema") }),
    ),
    { maxKeys: 3 },
  ),
})).schema;

describe("Malformed bodies", () => {
  let worker: ApiWorker;

  before(async () => {
    worker = await startApiWorker("tiny", { embeddings: true, contextTokens: 512, slots: 8 });
  });
  after(() => worker.close());

  it("are answered by every route with 4xx and the envelope, or as good ones; never 5xx, and the worker lives", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 3, arbitrary: spoilt }, { weight: 1, arbitrary: anything }), ([path, body]) =>
        check(path, body),
      ),
      { numRuns: 600 },
    );
    await worker.idle();
  });

  it("with schemas that nobody would write are refused, or kept to", async () => {
    await fc.assert(
      fc.asyncProperty(schema, (response) => {
        const response_format = { type: "json_schema", json_schema: { name: "x", schema: response } };
        return check("/v1/chat/completions", JSON.stringify({ messages: hello, max_tokens: 3, response_format }));
      }),
      { numRuns: 300 },
    );
    await worker.idle();
  });

  async function check(path: string, body: string): Promise<void> {
    const response = await fetch(worker.url + path, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    const told = `${path} ${body.slice(0, 1000)} -> ${response.status} ${text.slice(0, 500)}`;
    if (response.status === 200) return;
    assert.ok(response.status >= 400 && response.status < 500, told);
    const { error } = JSON.parse(text) as { readonly error: Readonly<Record<string, unknown>> };
    assert.equal(typeof error["message"], "string", told);
    assert.deepEqual(Object.keys(error).toSorted(), ["code", "message", "param", "type"], told);
    assert.doesNotMatch(String(error["message"]), /\n\s+at |node_modules/u);
  }
});

/** Each place in a value, as the keys that lead there. */
function places(value: unknown): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [[key], ...places(item).map((rest) => [key, ...rest])]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], item: unknown): unknown {
  if (key === undefined || typeof value !== "object" || value === null) return item;
  const changed = replaced(Reflect.get(value, key), rest, item);
  if (Array.isArray(value)) return value.map((old: unknown, index) => (String(index) === key ? changed : old));
  return { ...value, [key]: changed };
}
