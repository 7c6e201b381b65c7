import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

type Line = Readonly<Record<string, unknown>>;

describe("Ollama's API", () => {
  let worker: ApiWorker;
  before(async () => {
    worker = await startApiWorker("demo", { slots: 2, embeddings: true });
  });
  after(() => worker.close());

  const ask = async (path: string, body?: object) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(worker.url + path, init);
    const text = await response.text();
    return { status: response.status, type: response.headers.get("content-type"), text };
  };
  const messages = [{ role: "user", content: "Who are you?" }];
  const options = { temperature: 0, num_predict: 60 };

  it("streams a chat in lines of JSON unless told otherwise, thinking apart, and ends with what it took", async () => {
    const { type, text } = await ask("/api/chat", { model: "any", messages, options });
    assert.equal(type, "application/x-ndjson");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const last = lines.at(-1) ?? {};
    assert.equal(last["done"], true);
    assert.ok(Number(last["eval_count"]) > 5 && Number(last["total_duration"]) > 0);
    const whole = JSON.parse((await ask("/api/chat", { messages, options, stream: false })).text) as Line;
    const message = whole["message"] as Readonly<Record<string, string>>;
    const joined = (of: "content" | "thinking") =>
      lines.map((line) => (line["message"] as Readonly<Record<string, string>>)[of] ?? "").join("");
    assert.deepEqual([joined("content"), joined("thinking")], [message["content"], message["thinking"] ?? ""]);
  });

  it("goes on from a last message of the assistant's", async () => {
    const begun = [...messages, { role: "assistant", content: "Hello! I" }];
    const { text } = await ask("/api/chat", { messages: begun, options, stream: false });
    const { message } = JSON.parse(text) as { readonly message: Line };
    assert.equal(message["thinking"], undefined);
    assert.ok(String(message["content"]).length > 5);
  });

  it("answers a prompt, in a schema too, and says that the model is loaded where there is none", async () => {
    const response = await ask("/api/generate", {
      prompt: "x",
      stream: false,
      think: false,
      format: { type: "integer" },
    });
    assert.ok(Number.isInteger(JSON.parse(String((JSON.parse(response.text) as Line)["response"]))));
    for (const [path, body] of [
      ["/api/generate", {}],
      ["/api/chat", { messages: [] }],
    ] as const) {
      assert.equal((JSON.parse((await ask(path, body)).text) as Line)["done_reason"], "load");
      assert.equal((JSON.parse((await ask(path, { ...body, keep_alive: 0 })).text) as Line)["done_reason"], "unload");
    }
  });

  it("lists and shows the model, embeds, and says why it fetches none", async () => {
    const { models } = JSON.parse((await ask("/api/tags")).text) as {
      readonly models: readonly { readonly name: string }[];
    };
    assert.equal(models[0]?.name, "demo");
    assert.match((await ask("/api/show", { model: "demo" })).text, /"capabilities":\["completion","tools"/u);
    assert.equal(
      ((JSON.parse((await ask("/api/embed", { input: ["a", "b"] })).text) as Line)["embeddings"] as object[]).length,
      2,
    );
    assert.ok("version" in (JSON.parse((await ask("/api/version")).text) as Line));
    for (const path of ["/api/pull", "/api/create", "/api/copy", "/api/push"]) {
      const refused = await ask(path, { model: "llama3" });
      assert.equal(refused.status, 501);
      assert.match((JSON.parse(refused.text) as { readonly error: string }).error, /drover reload --model/u);
    }
  });
});
