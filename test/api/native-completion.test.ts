import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

type Completion = Readonly<Record<string, unknown>> & {
  readonly error?: { readonly message: string; readonly param: string };
};

describe("llama.cpp's own completion", () => {
  let worker: ApiWorker;
  before(async () => {
    worker = await startApiWorker("demo", { slots: 2, embeddings: true });
  });
  after(() => worker.close());

  const post = async (path: string, body: object) => {
    const response = await fetch(worker.url + path, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  };
  const complete = async (body: object) => JSON.parse((await post("/completion", body)).text) as Completion;

  it("gives the text with its settings, its probabilities and what it took", async () => {
    const response = await complete({ prompt: "Hello", n_predict: 5, n_probs: 2, temperature: 0, return_tokens: true });
    const { content, stop, stop_type, tokens, timings, completion_probabilities: probabilities } = response;
    assert.deepEqual([stop, stop_type], [true, "limit"]);
    assert.ok(String(content).length > 5);
    assert.equal((tokens as number[]).length, 5);
    const [first] = probabilities as { readonly top_logprobs: object[] }[];
    assert.equal(first?.top_logprobs.length, 2);
    const { prompt_n: prompt, cache_n: cached, predicted_n: predicted } = timings as Record<string, number>;
    assert.deepEqual([(prompt ?? 0) + (cached ?? 0), predicted], [response["tokens_evaluated"], 5]);
    const fields = ["content", "generation_settings/n_predict", "timings/predicted_n", "nothing", "stop/there"];
    const some = await complete({ prompt: "Hello", n_predict: 1, response_fields: fields });
    assert.deepEqual(Object.keys(some), fields.slice(0, 3));
    assert.equal(some["generation_settings/n_predict"], 1);
  });

  it("refuses probabilities after sampling, whose members have other names, and takes the wish where none are asked for", async () => {
    const body = { prompt: "Hello", n_predict: 1, post_sampling_probs: true };
    const refused = await post("/completion", { ...body, n_probs: 2 });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /post_sampling_probs/u);
    assert.equal((await post("/completion", body)).status, 200);
  });

  it("reads the prompt alone where no token is asked for, so that the next request finds it", async () => {
    const prompt = "Once upon a time there was a flock of sheep";
    const read = await complete({ prompt, n_predict: 0 });
    assert.deepEqual([read["content"], read["stop_type"], read["tokens_predicted"]], ["", "limit", 0]);
    const { timings } = await complete({ prompt, n_predict: 1 });
    assert.ok(Number((timings as Record<string, number>)["cache_n"]) > prompt.length / 2, JSON.stringify(timings));
    const echo = JSON.parse((await post("/v1/completions", { prompt, max_tokens: 0, echo: true })).text) as {
      readonly choices: readonly { readonly text: string; readonly finish_reason: string }[];
    };
    assert.deepEqual([echo.choices[0]?.text, echo.choices[0]?.finish_reason], [prompt, "length"]);
  });

  it("streams the same text, and ends with an event that says stop", async () => {
    const body = { prompt: ["Hel", 5, "lo"], n_predict: 6, temperature: 0 };
    const { text } = await post("/completion", { ...body, stream: true });
    const events = text
      .trim()
      .split("\n\n")
      .map((event) => JSON.parse(event.slice("data: ".length)) as Completion);
    assert.equal(events.at(-1)?.["stop"], true);
    const all = await complete({ ...body, return_tokens: true });
    assert.equal(events.map((event) => event["content"]).join(""), all["content"]);
    assert.deepEqual(
      events.flatMap((event) => event["tokens"]),
      all["tokens"],
      "a stream has the tokens unasked",
    );
  });

  it("responds to each of several prompts as often as asked, also as a stream, and with the next seed each", async () => {
    const body = { prompt: ["Hello", [5, 6]], n_cmpl: 2, n_predict: 3, seed: 7 };
    const all = (await complete(body)) as unknown as readonly Completion[];
    assert.deepEqual(
      all.map(({ index, prompt }) => [index, prompt]),
      [0, 1, 2, 3].map((index) => [index, all[index < 2 ? 0 : 2]?.["prompt"]]),
    );
    assert.ok(String(all[0]?.["prompt"]).endsWith("Hello"), String(all[0]?.["prompt"]));
    assert.deepEqual(
      all.map(({ generation_settings: settings }) => (settings as { readonly seed: number }).seed),
      [7, 8, 7, 8],
    );
    const { text } = await post("/completion", { ...body, stream: true });
    const events = text
      .split("\n\n")
      .filter((event) => event.startsWith("data: {"))
      .map((event) => JSON.parse(event.slice("data: ".length)) as Completion);
    for (const [index, one] of all.entries()) {
      const own = events.filter((event) => event["index"] === index);
      assert.equal(own.map((event) => event["content"]).join(""), one["content"]);
      assert.equal(own.at(-1)?.["stop"], true);
    }
  });

  it("streams what is read of the prompt, and what each token took, for who asks", async () => {
    const asked = { prompt: "Hello", n_predict: 3, stream: true, return_progress: true, timings_per_token: true };
    const chat = { messages: [{ role: "user", content: "Hi" }], max_tokens: 3 };
    for (const [path, body] of [
      ["/completion", asked],
      ["/v1/chat/completions", { ...asked, ...chat }],
    ] as const) {
      const { text } = await post(path, body);
      const events = text
        .split("\n\n")
        .filter((event) => event.startsWith("data: {"))
        .map((event) => JSON.parse(event.slice("data: ".length)) as Completion);
      const progress = events.flatMap(({ prompt_progress: one }) => (one === undefined ? [] : [one]));
      const { total, processed } = progress.at(-1) as { readonly total: number; readonly processed: number };
      assert.equal(processed, total, path);
      const timings = events.flatMap(({ timings: one }) => (one === undefined ? [] : [one as Record<string, number>]));
      const counts = timings.map(({ predicted_n: count }) => count);
      assert.deepEqual(
        [counts.length > 1, counts.at(-1), counts],
        [true, 3, counts.toSorted((one = 0, other = 0) => one - other)],
        path,
      );
    }
  });

  it("keeps to a client's grammar, and refuses one that llama.cpp can't use or is slow about", async () => {
    const { content } = await complete({ prompt: "x", n_predict: 9, grammar: 'root ::= "yes" | "no"' });
    assert.ok(content === "yes" || content === "no", String(content));
    for (const grammar of ["root ::= ((((", `root ::= ${'"a"? '.repeat(4000)}`]) {
      const { error } = await complete({ prompt: "x", n_predict: 2, grammar });
      assert.equal(error?.param, "grammar", grammar.slice(0, 40));
    }
    const { content: number } = await complete({ prompt: "x", n_predict: 30, json_schema: { type: "integer" } });
    assert.ok(Number.isInteger(Number(number)));
  });

  it("has its neighbours: paths without a version or with a slash, templates, vectors, and a word on what it lacks", async () => {
    const chat = { messages: [{ role: "user", content: "hi" }], max_tokens: 2 };
    for (const path of ["/chat/completions", "/v1/chat/completions/"])
      assert.equal((await post(path, chat)).status, 200);
    for (const body of [{ n_predict: 2 }, { model: "m", max_tokens: 2 }]) {
      const { text } = await post("/completions", { prompt: "x", ...body });
      assert.equal((JSON.parse(text) as Completion).tokens_predicted, 2, text);
    }
    assert.match((await post("/apply-template", chat)).text, /hi/u);
    for (const [path, body] of [
      ["/embedding", { content: "hi" }],
      ["/embeddings", { input: "hi" }],
    ] as const) {
      const [vector] = JSON.parse((await post(path, body)).text) as { readonly embedding: number[][] }[];
      assert.ok((vector?.embedding[0]?.length ?? 0) > 10, path);
    }
    assert.equal((await post("/infill", { input_prefix: "a" })).status, 501);
    assert.ok("timings" in (JSON.parse((await post("/v1/chat/completions", chat)).text) as Completion));
  });
});
