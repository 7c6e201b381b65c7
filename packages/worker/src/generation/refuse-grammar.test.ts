import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TooManySlowGrammars, WorkerError, type WorkerErrorCode } from "../errors.ts";
import { askScripted } from "../test-support/ask-scripted.ts";

const INFO = 30;
const messages = [{ role: "user", content: "x" }];
const schema = {
  type: "object",
  properties: { name: { type: "string" }, code: { type: "string", pattern: "^(a|aa|aaa|aaaa){2,40}$" } },
  required: ["name", "code"],
  additionalProperties: false,
};
const format = { type: "json_schema", json_schema: { name: "a", schema } };
const tools = [{ type: "function", function: { name: "look", parameters: schema } }];

/** The response to a request whose grammar is too slow behind the text. */
async function fail(path: string, body: object, text: string, code: WorkerErrorCode) {
  return await failBy(path, body, text, new WorkerError(code, "llama.cpp says so"));
}

async function failBy(path: string, body: object, text: string, error: WorkerError) {
  const { status, headers, response, logged } = await askScripted(path, body, [{ text, end: "failed", error }]);
  assert.deepEqual(
    logged.filter(({ level }) => level > INFO),
    [],
    "it is no fault of Drover's",
  );
  return [status, (response as { error: { message: string; param?: string } }).error, headers] as const;
}

describe("A grammar that llama.cpp can't go on with", () => {
  it("is a 400 that names the part of the schema at which the response was", async () => {
    const body = { messages, response_format: format };
    for (const [text, part] of [
      ['{"name": "b', "properties.name"],
      ['{"name": "b", "code": "aaaa', "properties.code"],
    ] as const) {
      const [status, { param, message }] = await fail("/v1/chat/completions", body, text, "grammar_too_slow");
      assert.deepEqual([status, param], [400, `response_format.json_schema.schema.${part}`]);
      assert.match(message, /too long/u);
    }
  });

  it("is named in the words of the client's API, and of its tools", async () => {
    const call = '<tool_call>\n{"name": "look", "arguments": {"name": "b", "code": "aaaa';
    const chat = { messages, tools, tool_choice: "required" };
    const [, asOpenAi] = await fail("/v1/chat/completions", chat, call, "grammar_too_slow");
    assert.equal(asOpenAi.param, "tools[0].function.parameters.properties.code");
    const asked = { tools: [{ name: "look", input_schema: schema }], tool_choice: { type: "any" } };
    const body = { model: "m", max_tokens: 99, messages, ...asked };
    const [status, { message }] = await fail("/v1/messages", body, call, "grammar_too_slow");
    assert.equal(status, 400);
    assert.match(message, /'tools\[0\]\.input_schema\.properties\.code'/u);
  });

  it("is a 429 where as many slots as may be wait for slow ones", async () => {
    const body = { messages, response_format: format };
    const error = new TooManySlowGrammars(2, 6500);
    const [status, { message }, headers] = await failBy("/v1/chat/completions", body, '{"name": "b', error);
    assert.deepEqual([status, headers["retry-after"]], [429, "7"]);
    assert.match(message, /slow.*later/u);
  });

  it("is the schema where llama.cpp can't read it at all, and `grammar` where the client wrote it", async () => {
    const [status, whole] = await fail(
      "/v1/chat/completions",
      { messages, response_format: format },
      "",
      "bad_grammar",
    );
    assert.deepEqual([status, whole.param], [400, "response_format.json_schema.schema"]);
    const [, own] = await fail("/v1/chat/completions", { messages, grammar: 'root ::= "a"' }, "a", "grammar_too_slow");
    assert.equal(own.param, "grammar");
  });
});
