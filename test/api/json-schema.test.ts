import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

const text = { type: "string", maxLength: 12 } as const;
const NODE = {
  type: "object",
  properties: {
    value: { type: "integer", exclusiveMinimum: 3, maximum: 9 },
    next: { anyOf: [{ type: "null" }, { $ref: "#/$defs/node" }] },
  },
  required: ["value", "next"],
  additionalProperties: false,
} as const;

const SCHEMAS: readonly Readonly<Record<string, unknown>>[] = [
  {
    type: "object",
    properties: { name: text, age: { type: "integer", minimum: 0, maximum: 130 } },
    required: ["name", "age"],
  },
  {
    type: "object",
    properties: { a: text, b: { type: "boolean" }, c: { enum: ["x", 3, null] } },
    required: ["b"],
    additionalProperties: false,
  },
  { type: "array", items: { type: "number", minimum: -1.5, exclusiveMaximum: 2.25 }, minItems: 2, maxItems: 5 },
  { $ref: "#/$defs/node", $defs: { node: NODE } },
  {
    oneOf: [
      {
        type: "object",
        properties: { kind: { const: "a" }, n: { type: "integer" } },
        required: ["kind", "n"],
        additionalProperties: false,
      },
      {
        type: "object",
        properties: { kind: { const: "b" }, s: text },
        required: ["kind", "s"],
        additionalProperties: false,
      },
    ],
  },
  { type: "string", pattern: '^[A-Z]{2}-\\d{3,5}(\\.\\w|"\\\\)?$' },
  { type: "object", additionalProperties: { type: ["integer", "null"] }, minProperties: 1, maxProperties: 3 },
  {
    type: "object",
    properties: { foo: { type: "boolean" } },
    required: ["foo"],
    additionalProperties: { type: "integer", minimum: 5 },
    maxProperties: 3,
  },
  {
    allOf: [
      { type: "object", properties: { a: { type: "integer", minimum: 3 } }, required: ["a"] },
      { type: "object", properties: { a: { type: "integer", maximum: 5 }, b: { type: "boolean" } }, required: ["b"] },
    ],
  },
  {
    type: "array",
    prefixItems: [{ type: "boolean" }, { const: 'x\n"<|im_end|>é' }],
    items: { type: "integer" },
    minItems: 1,
    maxItems: 4,
  },
];

describe("Responses in a JSON schema", () => {
  let worker: ApiWorker;

  before(async () => {
    worker = await startApiWorker("tiny", { slots: 8 });
  });
  after(() => worker.close());

  const ask = async (schema: unknown, seed: number, more: Readonly<Record<string, unknown>> = {}) => {
    const response_format = { type: "json_schema", json_schema: { name: "answer", schema } };
    const body = {
      messages: [{ role: "user", content: "Go." }],
      seed,
      temperature: seed % 2,
      top_k: 0,
      response_format,
      ...more,
    };
    const response = await fetch(`${worker.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as ChatBody };
  };

  it("50 of 50 from random weights are valid: nothing but the grammar can make that so", async () => {
    const ajv = new Ajv2020({ strict: false });
    const asked = SCHEMAS.flatMap((schema) => Array.from({ length: 5 }, (_, seed) => ({ schema, seed })));
    assert.equal(asked.length, 50);
    await Promise.all(
      asked.map(async ({ schema, seed }) => {
        const { body } = await ask(schema, seed);
        const [choice] = body.choices ?? [];
        assert.equal(choice?.finish_reason, "stop", JSON.stringify({ schema, seed, body }).slice(0, 500));
        const value: unknown = JSON.parse(choice.message.content);
        assert.ok(ajv.validate(schema, value), `${choice.message.content} is not valid: ${ajv.errorsText()}`);
      }),
    );
  });

  it("keep to Chinese names, values and patterns, whose characters are made of several tokens", async () => {
    const ajv = new Ajv2020({ strict: false });
    const schema = {
      type: "object",
      properties: { 城市: { enum: ["北京", "上海", "🐑"] }, 标签: { type: "string", pattern: "^[一-龥]{2}-\\d$" } },
      required: ["城市", "标签"],
      additionalProperties: false,
    };
    const responses = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(schema, 2 * at + 1)));
    for (const { body } of responses) {
      const text = body.choices?.[0]?.message.content ?? "";
      assert.ok(ajv.validate(schema, JSON.parse(text)), `${text} is not valid: ${ajv.errorsText()}`);
    }
  });

  it("are valid even where max_tokens cut them off, and say so", async () => {
    const ajv = new Ajv2020({ strict: false });
    const schema = {
      type: "object",
      properties: {
        name: { type: "string" },
        tags: { type: "array", items: { type: "string" } },
        age: { type: "integer" },
      },
      required: ["name", "tags", "age"],
    };
    for (const max_tokens of [1, 7, 20, 60]) {
      const { body } = await ask(schema, 2, { max_tokens });
      assert.equal(body.choices?.[0]?.finish_reason, "length");
      const content = body.choices[0].message.content;
      assert.ok(ajv.validate(schema, JSON.parse(content)), content);
      assert.equal(body.usage?.completion_tokens, max_tokens);
    }
  });

  it("are valid, and break off nobody else's, where logit_bias bans what the grammar needs", async () => {
    const others = Promise.all([1, 3, 5].map((seed) => ask(SCHEMAS[0], seed, { logprobs: true })));
    const quote = { logit_bias: { 34: -100 }, max_tokens: 50 };
    const poisoned = await Promise.all([1, 3, 5, 7].map((seed) => ask({ type: "string" }, seed, quote)));
    for (const { status, body } of poisoned) {
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(typeof JSON.parse(body.choices?.[0]?.message.content ?? ""), "string");
      assert.equal(body.choices?.[0]?.finish_reason, "length");
    }
    for (const { status } of await others) assert.equal(status, 200);
  });

  it("answers json_object with an object", async () => {
    const response_format = {
      type: "json_object",
      schema: { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
    };
    const body = JSON.stringify({ messages: [{ role: "user", content: "Go." }], response_format });
    const response = (await (
      await fetch(`${worker.url}/v1/chat/completions`, { method: "POST", body })
    ).json()) as ChatBody;
    const value = JSON.parse(response.choices?.[0]?.message.content ?? "") as { a?: unknown };
    assert.equal(Number.isInteger(value.a), true);
  });

  it("refuses by name what it could not keep to, where it is strict", async () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [{ not: {} }, "not"],
      [{ type: "object", properties: { a: { type: "integer", multipleOf: 3 } } }, "properties.a.multipleOf"],
      [{ type: "array", uniqueItems: true }, "uniqueItems"],
      [{ type: "string", pattern: "(?=x)" }, "pattern"],
      [{ type: "string", format: "regex" }, "format"],
      [{ $ref: "https://example.com/x" }, "$ref"],
      [{ anyOf: [{ $ref: "#" }] }, "anyOf.0"],
      [{ oneOf: [{ type: "string" }, { type: "string", maxLength: 3 }] }, "oneOf"],
    ];
    for (const [schema, path] of cases) {
      const strict = await send({ json_schema: { name: "a", schema, strict: true } });
      const { error } = (await strict.json()) as ChatBody;
      assert.deepEqual([strict.status, error?.param], [400, `response_format.json_schema.schema.${path}`]);
    }
  });

  it("leaves out what it can't keep to where it is not strict, and names it in a header", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "integer", multipleOf: 3, maximum: 9 } },
      required: ["a"],
    };
    const relaxed = await send({ json_schema: { schema } });
    assert.equal(relaxed.status, 200);
    const param = "response_format.json_schema.schema.properties.a.multipleOf";
    assert.equal(relaxed.headers.get("x-drover-ignored"), param);
    assert.ok(Number.isInteger((JSON.parse(contentOf(await relaxed.json())) as { readonly a: number }).a));
  });

  const send = (format: object) =>
    fetch(`${worker.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({
        messages: [{ role: "user", content: "x" }],
        max_tokens: 60,
        response_format: { type: "json_schema", ...format },
      }),
    });
});

function contentOf(response: unknown): string {
  return (response as ChatBody).choices?.[0]?.message.content ?? "";
}

interface ChatBody {
  readonly choices?: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[];
  readonly usage?: { readonly completion_tokens: number };
  readonly error?: { readonly param: string };
}
