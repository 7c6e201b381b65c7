import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { IGNORED_HEADER } from "@drover/contract/headers";
import { type Asked, askScripted } from "../test-support/ask-scripted.ts";

const HI = [{ role: "user", content: "Hi" }];
const SAID = [{ text: "x" }];
const SCHEMA = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };

function chat(more: object, messages: readonly object[] = HI): Promise<Asked> {
  return askScripted("/v1/chat/completions", { messages, ...more }, SAID);
}

function call(args: object): object {
  return { id: "c", type: "function", function: { name: "now", ...args } };
}

function turns(assistant: object): readonly object[] {
  return [...HI, { role: "assistant", ...assistant }, ...HI];
}

function block(one: object, role = "assistant"): Promise<Asked> {
  return askScripted("/v1/messages", { max_tokens: 1, messages: [{ role, content: [one] }] }, []);
}

function part(one: object): Promise<Asked> {
  return chat({}, [{ role: "user", content: [one] }]);
}

function item(one: object): Promise<Asked> {
  return askScripted("/v1/responses", { input: [{ role: "user", content: [one] }] }, []);
}

function generate(more: object): Promise<Asked> {
  return askScripted("/api/generate", { prompt: "Once", stream: false, ...more }, SAID);
}

function messageOf({ response }: Asked): string {
  return (response as { readonly error: { readonly message: string } }).error.message;
}

describe("What clients write in their own way", () => {
  it("is taken: calls without arguments, earlier thoughts in parts, a format and an effort that ask for nothing", async () => {
    const thoughts = [
      { type: "thinking", thinking: "Hm." },
      { type: "text", text: "Said." },
    ];
    for (const asked of [
      await chat({}, turns({ content: null, tool_calls: [call({ arguments: null })] })),
      await chat({}, turns({ tool_calls: [call({})] })),
      await chat({}, turns({ content: thoughts })),
      await chat({}, [{ role: "user", content: null }]),
      await chat({ response_format: {}, reasoning_effort: "default" }),
    ]) {
      assert.equal(asked.status, 200, JSON.stringify(asked.response));
      assert.ok(!asked.prompts[0]?.includes("Hm."));
    }
  });

  it("is refused by what is wrong with the alternative that was meant", async () => {
    for (const [asked, message] of [
      [block({ type: "tool_use", id: "t", name: "f", input: null }), "content[0].input': must be an object, not null"],
      [block({ type: "tool_use", id: "t", name: "f" }), "Missing required parameter: 'messages[0].content[0].input'"],
      [block({ type: "text", text: null }), "content[0].text': must be a text, not null"],
      [block({ type: "image", source: {} }, "user"), "Unsupported content block: this server is text only."],
      [part({ type: "text" }), "Missing required parameter: 'messages[0].content[0].text'"],
      [part({ type: "image_url", image_url: {} }), "takes parts of type text only."],
      [item({ type: "input_text" }), "Missing required parameter: 'input[0].content[0].text'"],
      [item({ type: "input_image" }), "this server takes text only."],
    ] as const) {
      assert.ok(messageOf(await asked).includes(message), `${message}: ${messageOf(await asked)}`);
    }
  });

  it("holds texts without a template to a schema or a grammar, by each name", async () => {
    for (const more of [
      { json_schema: SCHEMA },
      { guided_json: SCHEMA },
      { response_format: { type: "json_schema", json_schema: { name: "a", schema: SCHEMA } } },
      { grammar: 'root ::= "x"' },
    ]) {
      const { status, requests } = await askScripted("/v1/completions", { prompt: "x", ...more }, SAID);
      assert.equal(status, 200);
      assert.ok(requests[0]?.grammar !== undefined, JSON.stringify(more));
    }
    const choice = await askScripted("/v1/completions", { prompt: "x", guided_choice: ["a"] }, []);
    assert.match(messageOf(choice), /guided_choice/u);
  });
});

describe("Ollama's clients", () => {
  it("get a raw prompt continued as it is, and no silence about what lies behind a gap", async () => {
    const [raw, told] = [await generate({ raw: true }), await generate({})];
    assert.deepEqual([raw.prompts, raw.status], [["Once"], 200]);
    assert.ok(told.prompts[0]?.includes("<|im_start|>"), told.prompts[0]);
    const gap = await generate({ suffix: "end." });
    assert.equal(gap.status, 400);
    assert.match(JSON.stringify(gap.response), /suffix/u);
  });

  it("are told which options have no effect, and get the log-probabilities that they ask for", async () => {
    const options = { num_ctx: 4096, num_gpu: 1, mirostat: 2, typical_p: 0.5 };
    const { headers, response } = await generate({ options, context: [1], logprobs: true, top_logprobs: 1 });
    const ignored = String(headers[IGNORED_HEADER]).split(", ").toSorted();
    assert.deepEqual(ignored, ["context", "options.mirostat", "options.typical_p"]);
    const { logprobs } = response as { readonly logprobs: readonly { readonly token: string }[] };
    assert.deepEqual(
      logprobs.map(({ token }) => token),
      ["x"],
    );
  });
});
