import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

const model = "any";

describe("OpenAI's client and the responses API", () => {
  let demo: ApiWorker;
  let tiny: ApiWorker;
  let onDemo: OpenAI;
  let onTiny: OpenAI;

  before(async () => {
    [demo, tiny] = await Promise.all([startApiWorker("demo"), startApiWorker("tiny")]);
    onDemo = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
    onTiny = new OpenAI({ baseURL: `${tiny.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(() => Promise.all([demo.close(), tiny.close()]));

  it("gets a response whole and streamed, cut off at max_output_tokens", async () => {
    const asked = { model, input: "Hi", max_output_tokens: 8, temperature: 0 };
    const whole = await onTiny.responses.create(asked);
    assert.equal(whole.status, "incomplete");
    assert.equal(whole.usage?.output_tokens, 8);
    const types: string[] = [];
    let deltas = "";
    for await (const event of await onTiny.responses.create({ ...asked, stream: true })) {
      types.push(event.type);
      if (event.type === "response.output_text.delta") {
        deltas += event.delta;
        assert.deepEqual(event.logprobs, []);
      }
      if (event.type === "response.incomplete") assert.equal(event.response.output[0]?.type, "message");
    }
    assert.equal(deltas, whole.output_text);
    assert.deepEqual(types.slice(0, 4), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
    ]);
    assert.deepEqual(types.slice(-4), [
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ]);
  });

  it("may ask for inclusions, which make no difference", async () => {
    const asked = { model, input: "Hi", max_output_tokens: 4 };
    const include = ["reasoning.encrypted_content", "file_search_call.results"] as const;
    assert.equal((await onTiny.responses.create({ ...asked, include: [...include] })).object, "response");
  });

  it("follows thinking and text with its stream helper, every event numbered", async () => {
    const stream = onDemo.responses.stream({ model, input: "Who are you?", temperature: 0 });
    const parts: string[] = [];
    let number = 0;
    for await (const event of stream) {
      assert.equal(event.sequence_number, number++);
      if (event.type === "response.content_part.added") parts.push(event.part.type);
      if (event.type === "response.content_part.done") parts.push(`${event.part.type} done`);
    }
    assert.deepEqual(parts, ["reasoning_text", "reasoning_text done", "output_text", "output_text done"]);
    const { output } = await stream.finalResponse();
    assert.deepEqual(
      output.map(({ type }) => type),
      ["reasoning", "message"],
    );
    const whole = await onDemo.responses.create({ model, input: "Who are you?", temperature: 0 });
    assert.match(whole.output_text, /^Hello! I am Drover's demo model/u);
  });
});
