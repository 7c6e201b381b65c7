import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI, { APIError } from "openai";
import { Pasture } from "../support/drover-process.ts";

const model = "demo";

function textOf({ output }: OpenAI.Responses.Response): string {
  return output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => ("text" in part ? part.text : ""))
    .join("");
}

/** This release of the client has no name for the field. */
function storeOf(response: object): unknown {
  return Reflect.get(response, "store");
}

/** What a refusal says. */
async function refusal(request: Promise<unknown>): Promise<readonly unknown[]> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, "it was not refused");
  return [error.status, error.code, error.type, error.param];
}

describe("Responses that drover up keeps", () => {
  const pasture = new Pasture();
  let ann: OpenAI;
  let bob: OpenAI;

  before(async () => {
    const keys = ["--api-key", "ann=key-of-ann", "--api-key", "bob=key-of-bob"];
    const size = ["--workers", "2", "--threads", "1", "--slots", "2"];
    const drover = pasture.up([...size, ...keys], { XDG_CACHE_HOME: pasture.folder });
    const baseURL = `${await drover.url()}/v1`;
    ann = new OpenAI({ baseURL, apiKey: "key-of-ann", maxRetries: 0 });
    bob = new OpenAI({ baseURL, apiKey: "key-of-bob", maxRetries: 0 });
  });
  after(() => pasture.close());

  const short = { model, max_output_tokens: 200, temperature: 0 } as const;

  it("are continued by their id, on any worker and whether they were streamed, with the prompt of the complete conversation", async () => {
    const first = await ann.responses.create({ ...short, input: "Who are you?" });
    assert.equal(storeOf(first), true);
    const stream = ann.responses.stream({ ...short, input: "Really?", previous_response_id: first.id });
    const second = await stream.finalResponse();
    assert.equal(second.previous_response_id, first.id);
    const input = [
      { role: "user" as const, content: "Who are you?" },
      ...first.output,
      { role: "user" as const, content: "Really?" },
    ];
    const spelled = await ann.responses.create({ ...short, input, store: false });
    assert.equal(storeOf(spelled), false);
    assert.equal(second.usage?.input_tokens, spelled.usage?.input_tokens);
    assert.equal(textOf(second), textOf(spelled));
    const third = { ...short, input: "And now?", previous_response_id: second.id };
    const counted: { readonly input_tokens: number } = await ann.post("/responses/input_tokens", { body: third });
    // All at once, so that both workers have some.
    const responses = await Promise.all([1, 2, 3, 4].map(() => ann.responses.create(third)));
    assert.equal(new Set(responses.map(textOf)).size, 1);
    assert.ok(counted.input_tokens > (spelled.usage?.input_tokens ?? 0));
    assert.equal(counted.input_tokens, responses[0]?.usage?.input_tokens);
  });

  it("can be read, referred to by their items, and deleted", async () => {
    const made = await ann.responses.create({ ...short, input: "Hi" });
    assert.deepEqual((await ann.responses.retrieve(made.id)).output, made.output);
    const [item] = made.output;
    const input = [
      { role: "user" as const, content: "Hi" },
      { type: "item_reference" as const, id: item?.id ?? "" },
      { role: "user" as const, content: "More" },
    ];
    const continued = await ann.responses.create({ ...short, input });
    assert.ok((continued.usage?.input_tokens ?? 0) > (made.usage?.input_tokens ?? 0));
    await ann.responses.delete(made.id);
    assert.deepEqual(await refusal(ann.responses.retrieve(made.id)), [
      404,
      "response_not_found",
      "invalid_request_error",
      null,
    ]);
    assert.deepEqual(await refusal(ann.responses.create({ ...short, input })), [
      404,
      "item_not_found",
      "invalid_request_error",
      "input",
    ]);
  });

  it("are nobody else's, and are not kept where the client says so", async () => {
    const hers = await ann.responses.create({ ...short, input: "Hi" });
    const asked = { ...short, input: "More", previous_response_id: hers.id };
    const unknown = [400, "previous_response_not_found", "invalid_request_error", "previous_response_id"];
    assert.deepEqual(await refusal(bob.responses.create(asked)), unknown);
    assert.equal((await refusal(bob.responses.retrieve(hers.id)))[0], 404);
    assert.equal((await refusal(bob.responses.delete(hers.id)))[0], 404);
    const unkept = await ann.responses.create({ ...short, input: "Hi", store: false });
    assert.deepEqual(await refusal(ann.responses.create({ ...asked, previous_response_id: unkept.id })), unknown);
    assert.equal((await ann.responses.create(asked)).previous_response_id, hers.id);
  });
});
