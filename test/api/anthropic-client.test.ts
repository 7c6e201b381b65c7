import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic, { BadRequestError, NotFoundError } from "@anthropic-ai/sdk";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

const model = "any";
const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Who are you?" }];
const tools: Anthropic.Tool[] = [
  {
    name: "add",
    input_schema: {
      type: "object",
      properties: { a: { type: "integer" }, b: { type: "integer" } },
      required: ["a", "b"],
      additionalProperties: false,
    },
  },
];

describe("Anthropic's client", () => {
  let demo: ApiWorker;
  let tiny: ApiWorker;
  let onDemo: Anthropic;
  let onTiny: Anthropic;

  before(async () => {
    [demo, tiny] = await Promise.all([startApiWorker("demo"), startApiWorker("tiny")]);
    onDemo = new Anthropic({ baseURL: demo.url, apiKey: "none", maxRetries: 0 });
    onTiny = new Anthropic({ baseURL: tiny.url, apiKey: "none", maxRetries: 0 });
  });
  after(() => Promise.all([demo.close(), tiny.close()]));

  it("gets thinking and text as blocks where thinking is enabled, whole and streamed alike", async () => {
    const asked = {
      model,
      max_tokens: 900,
      messages,
      system: "Be brief.",
      thinking: { type: "enabled", budget_tokens: 600 },
    } as const;
    const whole = await onDemo.messages.create(asked);
    assert.deepEqual(
      whole.content.map(({ type }) => type),
      ["thinking", "text"],
    );
    assert.equal(whole.stop_reason, "end_turn");
    const streamed = await onDemo.messages.stream(asked).finalMessage();
    assert.deepEqual(streamed.content, whole.content);
    assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
  });

  it("gets text alone where it is not", async () => {
    const response = await onDemo.messages.create({ model, max_tokens: 900, messages });
    assert.deepEqual(
      response.content.map(({ type }) => type),
      ["text"],
    );
  });

  it("keeps to a schema by either name of the format, and thinks as long as it likes where that is adaptive", async () => {
    const format = {
      type: "json_schema",
      schema: { type: "object", properties: { 城市: { enum: ["北京"] } } },
    } as const;
    for (const form of [{ output_format: format }, { output_config: { format } }]) {
      const response = await onTiny.messages.create({ model, max_tokens: 100, messages, ...form });
      const [text] = response.content;
      assert.ok(text?.type === "text");
      const { 城市 = "北京" } = JSON.parse(text.text) as { readonly 城市?: string };
      assert.equal(城市, "北京");
    }
    const adaptive: object = { thinking: { type: "adaptive" } };
    const thought = await onDemo.messages.create({ model, max_tokens: 900, messages, ...adaptive });
    assert.deepEqual(
      thought.content.map(({ type }) => type),
      ["thinking", "text"],
    );
  });

  it("names the stop sequence that ended the text", async () => {
    const response = await onDemo.messages.create({
      model,
      max_tokens: 900,
      messages,
      stop_sequences: ["weights", "demo"],
    });
    assert.equal(response.stop_reason, "stop_sequence");
    assert.equal(response.stop_sequence, "demo");
  });

  it("uses tools, with results given back", async () => {
    const asked = { model, max_tokens: 600, tools, tool_choice: { type: "tool", name: "add" } } as const;
    const response = await onTiny.messages.create({ ...asked, messages });
    const [call] = response.content;
    assert.ok(call?.type === "tool_use");
    assert.match(call.id, /^toolu_\w{24}$/u);
    assert.deepEqual(Object.keys(call.input as object), ["a", "b"]);
    assert.equal(response.stop_reason, "tool_use");
    const result = { type: "tool_result", tool_use_id: call.id, content: "5" } as const;
    const turns: Anthropic.MessageParam[] = [
      { role: "assistant", content: [call] },
      { role: "user", content: [result] },
    ];
    const next = await onTiny.messages.stream({ ...asked, messages: [...messages, ...turns] }).finalMessage();
    assert.equal(next.content[0]?.type, "tool_use");
  });

  it("counts tokens as a request would", async () => {
    const { input_tokens } = await onTiny.messages.countTokens({ model, messages });
    const { usage } = await onTiny.messages.create({ model, messages, max_tokens: 1 });
    assert.equal(input_tokens, usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
  });

  it("lists the model in its own shape", async () => {
    const list = await onTiny.models.list();
    const [listed] = list.data;
    assert.deepEqual([listed?.type, listed?.id, listed?.display_name], ["model", "tiny", "tiny"]);
    assert.ok(Math.abs(Date.parse(listed?.created_at ?? "") - Date.now()) < 600_000);
    assert.deepEqual([list.has_more, list.first_id, list.last_id], [false, "tiny", "tiny"]);
    assert.deepEqual(await onTiny.models.retrieve("tiny"), listed);
    await assert.rejects(onTiny.models.retrieve("other"), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(Reflect.get(error.error as object, "type"), "error");
      return true;
    });
  });

  it("reads refusals as Anthropic writes them", async () => {
    await assert.rejects(onTiny.messages.create({ model, messages: [], max_tokens: 1 }), (error) => {
      assert.ok(error instanceof BadRequestError);
      assert.equal(Reflect.get(error.error as object, "type"), "error");
      return true;
    });
    await assert.rejects(onTiny.messages.batches.list(), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.match(error.message, /"type":"not_found_error"/u);
      return true;
    });
  });
});
