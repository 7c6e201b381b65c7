import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { Pasture } from "../support/drover-process.ts";

describe("the official openai client before drover up", () => {
  const pasture = new Pasture();
  let client: OpenAI;

  before(async () => {
    const drover = pasture.up(["--workers", "1", "--threads", "1", "--slots", "2", "--api-key", "team=s3cret"], {
      XDG_CACHE_HOME: pasture.folder,
    });
    client = new OpenAI({ baseURL: `${await drover.url()}/v1`, apiKey: "s3cret", maxRetries: 0 });
  });
  after(() => pasture.close());

  const question = { model: "demo", temperature: 0, messages: [{ role: "user" as const, content: "hello" }] };

  it("chats plainly and streamed, with the same text in many chunks", async () => {
    const plain = await client.chat.completions.create(question);
    const [choice] = plain.choices;
    assert.equal(choice?.finish_reason, "stop");
    assert.match(choice.message.content ?? "", /demo model/);

    const pieces: string[] = [];
    const stream = await client.chat.completions.create({ ...question, stream: true });
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? "");
    assert.equal(pieces.join(""), choice.message.content);
    assert.ok(pieces.filter((piece) => piece !== "").length > 20, `${pieces.length} chunks`);
  });

  it("lists the model, and is refused with a wrong key", async () => {
    const models = await client.models.list();
    assert.deepEqual(
      models.data.map((model) => model.id),
      ["demo"],
    );
    await assert.rejects(client.withOptions({ apiKey: "wrong" }).models.list(), { status: 401 });
  });
});
