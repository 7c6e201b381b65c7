import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

const messages = [{ role: "user", content: "Who are you?" }] as const;
const model = "any";

describe("OpenAI's client on the demo model", () => {
  let worker: ApiWorker;
  let client: OpenAI;
  let text = "";

  before(async () => {
    worker = await startApiWorker("demo");
    client = new OpenAI({ baseURL: `${worker.url}/v1`, apiKey: "none", maxRetries: 0 });
    const response = await client.chat.completions.create({ model, messages: [...messages] });
    text = response.choices[0]?.message.content ?? "";
  });
  after(() => worker.close());

  it("gets a whole response with its reasoning apart, the reason of its end and its usage", async () => {
    const response = await client.chat.completions.create({ model, messages: [...messages] });
    const [choice] = response.choices;
    assert.match(choice?.message.content ?? "", /^Hello! I am Drover's demo model 🐑: /u);
    assert.match(String(Reflect.get(choice?.message ?? {}, "reasoning_content")), /^Somebody tries Drover/u);
    assert.equal(choice?.finish_reason, "stop");
    const { usage } = response;
    assert.equal(usage?.total_tokens, (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
    assert.ok((usage?.completion_tokens_details?.reasoning_tokens ?? 0) > 10);
  });

  it("gets the same text streamed, no character split, and usage in the last chunk", async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    });
    let streamed = "";
    let chunks = 0;
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta.content ?? "";
      assert.ok(!piece.includes("\u{FFFD}"));
      streamed += piece;
      chunks += 1;
      ({ usage } = chunk);
    }
    assert.equal(streamed, text);
    assert.ok(chunks > 20);
    assert.ok((usage?.completion_tokens ?? 0) > 20);
  });

  it("stops before a stop string, and no part of it ever leaves", async () => {
    const stop = ["not trained. llama", "nothing like this"];
    const stream = await client.chat.completions.create({ model, messages: [...messages], stop, stream: true });
    let streamed = "";
    let finish: string | null | undefined;
    for await (const chunk of stream) {
      streamed += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason;
    }
    assert.equal(streamed, text.slice(0, text.indexOf(stop[0] ?? "")));
    assert.equal(finish, "stop");
    const whole = await client.chat.completions.create({ model, messages: [...messages], stop });
    assert.equal(whole.choices[0]?.message.content, streamed);
  });

  it("leaves the tags in the text where reasoning_format is none", async () => {
    const response = await client.chat.completions.create({
      model,
      messages: [...messages],
      ...asking({ reasoning_format: "none" }),
    });
    assert.match(response.choices[0]?.message.content ?? "", /^<think>\nSomebody[^]*<\/think>\n\nHello!/u);
  });

  it("ends thinking at its budget, and the response follows", async () => {
    const response = await client.chat.completions.create({
      model,
      messages: [...messages],
      ...asking({ thinking_budget: 5 }),
    });
    assert.equal(response.usage?.completion_tokens_details?.reasoning_tokens, 5);
    const reasoning = String(Reflect.get(response.choices[0]?.message ?? {}, "reasoning_content"));
    assert.ok(reasoning.length > 0 && "Somebody tries Drover with no".startsWith(reasoning), reasoning);
    assert.match(response.choices[0]?.message.content ?? "", /^Hello! I am Drover's demo model/u);
    const none = await client.chat.completions.create({ model, messages: [...messages], reasoning_effort: "minimal" });
    assert.ok((none.choices[0]?.message.content ?? "").includes("Hello!"));
  });

  it("ends at max_tokens with the reason length", async () => {
    const response = await client.chat.completions.create({ model, messages: [...messages], max_completion_tokens: 3 });
    assert.equal(response.usage?.completion_tokens, 3);
    assert.equal(response.choices[0]?.finish_reason, "length");
  });

  it("finds the model under /v1/models, by its id too, and no other", async () => {
    const { data } = await client.models.list();
    assert.deepEqual(
      data.map(({ id }) => id),
      ["demo"],
    );
    assert.equal((await client.models.retrieve("demo")).object, "model");
    await assert.rejects(client.models.retrieve("other"), { status: 404, code: "model_not_found" });
  });
});

describe("OpenAI's client on random weights", () => {
  let worker: ApiWorker;
  let client: OpenAI;

  before(async () => {
    worker = await startApiWorker("tiny", { embeddings: true });
    client = new OpenAI({ baseURL: `${worker.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(() => worker.close());

  const chat = (more: Readonly<Record<string, unknown>>) =>
    client.chat.completions.create({ model, messages: [...messages], max_tokens: 12, ...more, stream: false });

  it("gives the same text for the same seed, and another for another", async () => {
    const [one, same, other] = await Promise.all([chat({ seed: 7 }), chat({ seed: 7 }), chat({ seed: 8 })]);
    assert.equal(textOf(one), textOf(same));
    assert.notEqual(textOf(one), textOf(other));
  });

  it("says how many tokens of the prompt it knew from before", async () => {
    const long = [{ role: "user", content: "a long story ".repeat(20) }];
    const cold = await chat({ messages: [...long], cache_prompt: false });
    await chat({ messages: [...long] });
    const warm = await chat({
      messages: [...long, { role: "assistant", content: "x" }, { role: "user", content: "and then" }],
    });
    assert.equal(cold.usage?.prompt_tokens_details?.cached_tokens, 0);
    assert.ok((warm.usage?.prompt_tokens_details?.cached_tokens ?? 0) > 100);
  });

  it("gives n choices, each with a seed of its own", async () => {
    const response = await chat({ n: 3, seed: 7 });
    assert.deepEqual(
      response.choices.map(({ index }) => index),
      [0, 1, 2],
    );
    assert.equal(new Set(response.choices.map((_, index) => textOf(response, index))).size, 3);
    assert.equal(textOf(response), textOf(await chat({ seed: 7 })));
    assert.equal(response.usage?.completion_tokens, 36);
  });

  it("bans and forces tokens by logit_bias", async () => {
    const greedy = await chat({ temperature: 0, max_tokens: 1, logprobs: true });
    const first = greedy.choices[0]?.logprobs?.content?.[0]?.token ?? "";
    const { tokens } = (await (
      await fetch(`${worker.url}/tokenize`, { method: "POST", body: JSON.stringify({ content: "the" }) })
    ).json()) as { tokens: number[] };
    const forced = await chat({ temperature: 0, max_tokens: 3, logit_bias: { [tokens[0] ?? 0]: 100 } });
    const { content } = (await (
      await fetch(`${worker.url}/detokenize`, { method: "POST", body: JSON.stringify({ tokens: [tokens[0]] }) })
    ).json()) as { content: string };
    assert.equal(textOf(forced), content.repeat(3));
    assert.notEqual(first, "");
    assert.equal(textOf(await chat({ temperature: 0, max_tokens: 3, logit_bias: { [content]: 100 } })), textOf(forced));
    const pairs = [
      [content, 150],
      [tokens[0], -50],
      ["qzxj", false],
    ] as unknown as Record<string, number>;
    assert.equal(textOf(await chat({ temperature: 0, max_tokens: 3, logit_bias: pairs })), textOf(forced), "added up");
  });

  it("reports log-probabilities, most likely first, that go with the chosen tokens", async () => {
    const response = await chat({ temperature: 0, logprobs: true, top_logprobs: 3, max_tokens: 6 });
    const entries = response.choices[0]?.logprobs?.content ?? [];
    assert.equal(entries.length, 6);
    for (const entry of entries) {
      assert.equal(entry.top_logprobs.length, 3);
      assert.equal(entry.top_logprobs[0]?.logprob, entry.logprob, "greedy takes the most likely");
      assert.ok(entry.logprob < 0 && (entry.top_logprobs[1]?.logprob ?? 0) <= entry.logprob);
    }
    const bytes = Buffer.from(entries.flatMap((entry) => entry.bytes ?? []));
    assert.equal(bytes.toString("utf8").length > 0, true);
  });

  it("reports to several at once the log-probabilities that it reports to one alone", async () => {
    const asked = { temperature: 0, logprobs: true, top_logprobs: 20, max_tokens: 120, ignore_eos: true };
    const alone = logprobsOf(await chat(asked));
    for (const response of await Promise.all(Array.from({ length: 16 }, () => chat(asked)))) {
      const entries = logprobsOf(response);
      // A tie may fall either way, and then the texts part.
      const parted = entries.findIndex(({ token }, index) => token !== alone[index]?.token);
      for (const [index, entry] of entries.slice(0, parted < 0 ? entries.length : parted).entries())
        assertNear(entry, alone[index]);
      assert.notEqual(parted, 0, "the first token is the same");
    }
  });

  it("continues texts, several at once, with echo and log-probabilities", async () => {
    const response = await client.completions.create({
      model,
      prompt: ["the ", "a "],
      n: 2,
      max_tokens: 4,
      echo: true,
      seed: 1,
    });
    assert.equal(response.choices.length, 4);
    assert.deepEqual(
      response.choices.map(({ text }) => text.slice(0, 2)),
      ["th", "th", "a ", "a "],
    );
    const scored = await client.completions.create({
      model,
      prompt: [1, 2, 3],
      max_tokens: 4,
      logprobs: 2,
      temperature: 0,
    });
    assert.equal(scored.choices[0]?.logprobs?.tokens?.length, 4);
    assert.deepEqual(scored.choices[0]?.logprobs?.text_offset?.[0], 0);
    const stream = await client.completions.create({ model, prompt: "the ", max_tokens: 4, stream: true, seed: 1 });
    let streamed = "";
    for await (const chunk of stream) streamed += chunk.choices[0]?.text ?? "";
    assert.equal(`the ${streamed}`, response.choices[0]?.text);
  });

  it("embeds texts and tokens, as floats and in base64", async () => {
    const input = ["the cat", "another"];
    const floats = await client.embeddings.create({ model, input, encoding_format: "float" });
    const encoded = await client.embeddings.create({ model, input });
    for (const [index, { embedding }] of floats.data.entries()) {
      assert.ok(Math.abs(embedding.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-3);
      for (const [at, value] of embedding.entries()) {
        assert.ok(Math.abs(value - (encoded.data[index]?.embedding[at] ?? Number.NaN)) < 1e-6);
      }
    }
    assert.notDeepEqual(floats.data[0]?.embedding, floats.data[1]?.embedding);
    assert.ok(floats.usage.prompt_tokens > 2);
  });

  it("embeds the longest input that it says it takes", async () => {
    const tokens = Array.from({ length: 2049 }, () => 97);
    const refusal = await client.embeddings.create({ model, input: tokens }).catch((error: Error) => error);
    const [, longest] = /length is (\d+) tokens/u.exec("message" in refusal ? refusal.message : "") ?? [];
    assert.ok(Number(longest) > 2000);
    const { usage } = await client.embeddings.create({ model, input: tokens.slice(0, Number(longest)) });
    assert.equal(usage.prompt_tokens, Number(longest));
  });

  it("calls a required tool with arguments that fit its schema, whole and streamed", async () => {
    const tools = [
      {
        type: "function" as const,
        function: {
          name: "查询天气",
          parameters: {
            type: "object",
            properties: { 城市: { type: "string", maxLength: 8 }, unit: { enum: ["c", "f"] } },
            required: ["城市", "unit"],
            additionalProperties: false,
          },
        },
      },
    ];
    const asked = { tools, tool_choice: "required", parallel_tool_calls: false, seed: 3, max_tokens: 400 };
    const response = await chat(asked);
    const [call] = response.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === "function");
    assert.equal(call.function.name, "查询天气");
    assert.equal(response.choices[0]?.finish_reason, "tool_calls");
    const args = JSON.parse(call.function.arguments) as Record<string, string>;
    assert.deepEqual(Object.keys(args), ["城市", "unit"]);
    const stream = client.chat.completions.stream({
      model,
      messages: [...messages],
      ...asked,
      tool_choice: "required",
    });
    const [streamed] = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls ?? [];
    assert.ok(streamed?.type === "function");
    assert.equal(streamed.function.arguments, call.function.arguments);
    assert.notEqual(streamed.id, call.id);
  });
});

/** Fields that the client's types do not know. */
function asking(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return fields;
}

type TokenLogprob = OpenAI.ChatCompletionTokenLogprob;

function logprobsOf(response: OpenAI.ChatCompletion): readonly TokenLogprob[] {
  return response.choices[0]?.logprobs?.content ?? assert.fail("there are log-probabilities");
}

/** A prompt that is read a token at a time or in larger pieces gives sums in another order, by up to 0.04 on some CPUs. */
const NEAR = 0.1;

/** The same tokens are likely to the same degree. What another request's logits would give differs by far more. */
function assertNear(actual: TokenLogprob, expected: TokenLogprob | undefined): void {
  const wanted = new Map(expected?.top_logprobs.map(({ bytes, logprob }) => [String(bytes), logprob]));
  const both = actual.top_logprobs.filter(({ bytes }) => wanted.has(String(bytes)));
  assert.ok(both.length >= actual.top_logprobs.length - 2, `${both.length} of ${wanted.size} tokens are the same`);
  for (const { bytes, logprob } of [actual, ...both])
    assert.ok(Math.abs(logprob - (wanted.get(String(bytes)) ?? Number.NaN)) < NEAR, `${logprob} of ${String(bytes)}`);
}

function textOf(response: OpenAI.ChatCompletion, index = 0): string | null | undefined {
  return response.choices[index]?.message.content;
}
