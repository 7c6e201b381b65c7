// Each of the newest clients against a Drover at URL, as their documentation uses them. Prints one line of JSON for each attempt.
// usage: node clients/try-clients.mjs URL
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatAnthropic } from "@langchain/anthropic";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { Agent, OpenAIChatCompletionsModel, run, setTracingDisabled, tool as agentTool } from "@openai/agents";
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { z } from "zod";

const [url = ""] = process.argv.slice(2);
const apiKey = "none";
const model = "demo";
const messages = [{ role: "user", content: "Who are you?" }];
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
const ollama = new Ollama({ host: url });
/** Bodies that the AI SDK's OpenAI provider sent. */
const sent = [];
const aiOpenAI = createOpenAI({
  baseURL: `${url}/v1`,
  apiKey,
  fetch: (target, request) => {
    sent.push(request.body);
    return fetch(target, request);
  },
});
const aiCompatible = createOpenAICompatible({
  name: "drover",
  baseURL: `${url}/v1`,
  apiKey,
  supportsStructuredOutputs: true,
});
const aiAnthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey });
setTracingDisabled(true);

const weather = z.object({ city: z.enum(["Paris", "Lyon"]) });
const openaiTool = {
  type: "function",
  function: {
    name: "weather",
    parameters: {
      type: "object",
      properties: { city: { enum: ["Paris", "Lyon"] } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};
const person = z.object({
  name: z.string().max(20),
  age: z.int().min(1).max(99),
  tags: z.array(z.enum(["a", "b"])).max(3),
});

/** String forms of zod, whose JSON Schema has a `format`, a `pattern` or both. */
const STRINGS = {
  email: z.email(),
  uuid: z.uuid(),
  uuidv4: z.uuidv4(),
  uuidv7: z.uuidv7(),
  guid: z.guid(),
  url: z.url(),
  "email of RFC 5322": z.email({ pattern: z.regexes.rfc5322Email }),
  hostname: z.hostname(),
  cuid: z.cuid(),
  cuid2: z.cuid2(),
  ulid: z.ulid(),
  nanoid: z.nanoid(),
  ksuid: z.ksuid(),
  xid: z.xid(),
  mac: z.mac(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  cidrv4: z.cidrv4(),
  cidrv6: z.cidrv6(),
  base64: z.base64(),
  base64url: z.base64url(),
  hex: z.hex(),
  e164: z.e164(),
  emoji: z.emoji(),
  jwt: z.jwt(),
  hash: z.hash("sha256"),
  "iso date": z.iso.date(),
  "iso time": z.iso.time(),
  "iso datetime": z.iso.datetime(),
  "iso duration": z.iso.duration(),
  "iso time to the millisecond": z.iso.time({ precision: 3 }),
  "iso datetime with an offset": z.iso.datetime({ offset: true }),
  "iso datetime of no zone": z.iso.datetime({ local: true }),
  regex: z.string().regex(/^[a-z]{3}-\d{2}$/u),
  "starts with": z.string().startsWith("ab").max(10),
  "ends with": z.string().endsWith("yz"),
  includes: z.string().includes("mid"),
  uppercase: z.string().uppercase(),
  lowercase: z.string().lowercase(),
  length: z.string().length(4),
  "length of a regex": z
    .string()
    .regex(/^[a-z]+$/u)
    .min(2)
    .max(5),
  "unanchored regex": z.string().regex(/\d{3}/u),
  "starts and ends with": z.string().startsWith("a").endsWith("z"),
  "starts with and includes": z.string().startsWith("a").includes("mid"),
  "most and least": z.string().min(2).max(5),
  nonempty: z.string().nonempty().max(20),
  trimmed: z.string().trim().min(1).max(20),
  "email of html": z.email({ pattern: z.regexes.html5Email }),
  template: z.templateLiteral(["id-", z.int().min(0)]),
  "template of an enum": z.templateLiteral([z.enum(["a", "b"]), "-", z.string().min(1)]),
  literal: z.literal("x y"),
  enum: z.enum(["a", "b c"]),
};

const point = z.object({ x: z.number(), y: z.number() });

/** Schemas as programs write them; each is a member of an object, which OpenAI's API asks for. */
const SCHEMAS = {
  boolean: z.boolean(),
  "an integer": z.int(),
  "an integer within bounds": z.int().min(-5).max(5),
  "a number over and under": z.number().gt(0).lt(1),
  "a positive number": z.number().positive().max(100),
  "a multiple": z.number().multipleOf(5).min(0).max(100),
  "a nullable text": z.string().max(10).nullable(),
  "an optional text": z.object({ a: z.string().max(5).optional() }),
  "a default": z.object({ a: z.string().max(5).default("x") }),
  "a literal number": z.literal(42),
  "several literals": z.literal(["a", 1, null]),
  "a numeric enum": z.enum({ One: 1, Two: 2 }),
  null: z.null(),
  "nested objects": z.object({ a: z.object({ b: z.object({ c: z.boolean() }) }) }),
  "a strict object": z.strictObject({ a: z.int() }),
  "a loose object": z.looseObject({ a: z.int() }),
  "a partial object": point.partial(),
  "an extended object": point.extend({ z: z.number() }),
  "a part of an object": point.pick({ x: true }),
  "an object without a part": point.omit({ x: true }),
  "a list": z.array(z.int()).max(3),
  "a list of objects": z.array(point).min(1).max(2),
  "a list of lists": z.array(z.array(z.boolean()).max(2)).max(2),
  "a list of a length": z.array(z.enum(["a", "b"])).length(2),
  "a tuple": z.tuple([z.int(), z.enum(["a"]), z.boolean()]),
  "a tuple with a rest": z.tuple([z.int()], z.boolean()),
  "a record": z.record(z.string(), z.int()),
  "a record of keys": z.record(z.enum(["a", "b"]), z.boolean()),
  "a union": z.union([z.int(), z.boolean(), z.null()]),
  "a union of objects": z.union([point, z.object({ name: z.string().max(5) })]),
  "a discriminated union": z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("circle"), radius: z.number() }),
    z.object({ kind: z.literal("square"), side: z.number() }),
  ]),
  "an intersection": z.intersection(point, z.object({ z: z.number() })),
  "a recursive object": z.object({
    name: z.enum(["a"]),
    get children() {
      return z.array(SCHEMAS["a recursive object"]).max(1);
    },
  }),
  "a reused object": z.object({ from: point, to: point }),
  "a described object": point.describe("where it is"),
  "a branded number": z.int().max(9).brand("Nine"),
  "a readonly list": z.array(z.int()).max(2).readonly(),
  "a transformed number": z.int().max(9).transform(String),
  "a caught number": z.int().catch(1),
  "a name and an age": person,
  "any value": z.any(),
  "an unknown value": z.unknown(),
};

/** An attempt for each schema: the response is held to its JSON Schema, and passes the schema itself. */
function keptTo(kind, schemas) {
  const attempt = (member) => async () => {
    const schema = z.object({ value: member });
    const json_schema = { name: "s", schema: z.toJSONSchema(schema, { io: "input", reused: "ref" }) };
    const made = await openai.chat.completions.create({
      model,
      messages,
      response_format: { type: "json_schema", json_schema },
      max_tokens: 900,
      reasoning_effort: "none",
    });
    schema.parse(JSON.parse(made.choices[0].message.content));
  };
  return Object.fromEntries(Object.entries(schemas).map(([name, member]) => [`${kind}: ${name}`, attempt(member)]));
}

const attempts = {
  "openai: chat": async () =>
    check((await openai.chat.completions.create({ model, messages, temperature: 0 })).choices[0].message.content),
  "openai: stream": async () => {
    let text = "";
    for await (const chunk of await openai.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    }))
      text += chunk.choices[0]?.delta?.content ?? "";
    check(text);
  },
  "openai: tool and its result": async () => {
    const first = await openai.chat.completions.create({
      model,
      messages,
      tools: [openaiTool],
      tool_choice: "required",
      max_tokens: 300,
    });
    const [call] = first.choices[0].message.tool_calls;
    weather.parse(JSON.parse(call.function.arguments));
    const next = [
      ...messages,
      first.choices[0].message,
      { role: "tool", tool_call_id: call.id, content: "20 degrees" },
    ];
    check(
      (await openai.chat.completions.create({ model, messages: next, tools: [openaiTool], max_tokens: 40 })).choices[0]
        .finish_reason,
    );
  },
  "openai: responses, streamed": async () => {
    let done = false;
    for await (const event of await openai.responses.create({
      model,
      input: "Hi",
      stream: true,
      max_output_tokens: 40,
      reasoning: { summary: "auto" },
    }))
      done ||= /^response\.(completed|incomplete)$/u.test(event.type);
    check(done);
  },
  "openai: responses, continued by id": async () => {
    const first = await openai.responses.create({ model, input: "Hi", max_output_tokens: 10 });
    const next = { model, input: "More", max_output_tokens: 10, previous_response_id: first.id };
    check((await openai.responses.create(next)).usage.input_tokens > first.usage.input_tokens);
  },
  "openai: embeddings": async () =>
    check((await openai.embeddings.create({ model, input: ["a", "b"] })).data[1].embedding.length > 10),
  "openai: abort": async () => {
    const abort = new AbortController();
    const stream = await openai.chat.completions.create({ model, messages, stream: true }, { signal: abort.signal });
    try {
      for await (const _ of stream) abort.abort();
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  },
  ...keptTo("zod string", STRINGS),
  ...keptTo("zod schema", SCHEMAS),
  "anthropic: message": async () =>
    check((await anthropic.messages.create({ model, max_tokens: 60, messages })).content[0].text),
  "anthropic: stream": async () =>
    check((await anthropic.messages.stream({ model, max_tokens: 60, messages }).finalMessage()).content.length),
  "anthropic: thinking": async () =>
    check(
      (
        await anthropic.messages.create({
          model,
          max_tokens: 2000,
          thinking: { type: "enabled", budget_tokens: 1024 },
          messages,
        })
      ).content.length,
    ),
  "anthropic: tool": async () => {
    const tools = [{ name: "weather", input_schema: openaiTool.function.parameters }];
    const made = await anthropic.messages.create({
      model,
      max_tokens: 300,
      messages,
      tools,
      tool_choice: { type: "any" },
    });
    weather.parse(made.content.find(({ type }) => type === "tool_use").input);
  },
  "anthropic: count tokens": async () =>
    check((await anthropic.messages.countTokens({ model, messages })).input_tokens > 1),
  "anthropic: a prompt that is too long": async () => {
    const long = [{ role: "user", content: "word ".repeat(20_000) }];
    try {
      await anthropic.messages.create({ model, max_tokens: 5, messages: long });
    } catch (error) {
      return check(/prompt is too long: \d+ tokens > \d+ maximum/u.test(error.message));
    }
    throw new Error("it was taken");
  },
  "ai, openai (responses): text": async () =>
    check((await generateText({ model: aiOpenAI(model), prompt: "Hi", maxOutputTokens: 60 })).text !== undefined),
  // With the provider's defaults the second request refers to items of the first response.
  "ai, openai (responses): two turns": async () => {
    const messages = [{ role: "user", content: "Who are you?" }];
    const first = await generateText({ model: aiOpenAI(model), messages, maxOutputTokens: 60 });
    const next = [...messages, ...first.response.messages, { role: "user", content: "Really?" }];
    const second = await generateText({ model: aiOpenAI(model), messages: next, maxOutputTokens: 60 });
    check(sent.at(-1).includes("item_reference"));
    check(second.usage.inputTokens > first.usage.inputTokens);
  },
  "ai, openai (responses): tool with two steps, streamed": async () => {
    const calls = [];
    const steps = streamText({
      model: aiOpenAI(model),
      prompt: "Weather?",
      maxOutputTokens: 900,
      tools: { weather: tool({ inputSchema: weather, execute: ({ city }) => (calls.push(city), "20 degrees") }) },
      toolChoice: "required",
      stopWhen: stepCountIs(2),
    });
    await steps.consumeStream();
    check((await steps.steps).length === 2 && calls.length >= 1);
  },
  "ai, openai-compatible: text": async () =>
    check((await generateText({ model: aiCompatible(model), prompt: "Hi", maxOutputTokens: 60 })).text !== undefined),
  "ai, openai-compatible: stream": async () => {
    const parts = [];
    for await (const part of streamText({ model: aiCompatible(model), prompt: "Hi", maxOutputTokens: 60 }).textStream)
      parts.push(part);
    check(Array.isArray(parts));
  },
  "ai, openai-compatible: object": async () => {
    const made = await generateObject({
      model: aiCompatible(model),
      schema: person,
      prompt: "Somebody",
      maxOutputTokens: 600,
    });
    person.parse(made.object);
  },
  "ai, openai-compatible: tool with two steps": async () => {
    const calls = [];
    await generateText({
      model: aiCompatible(model),
      prompt: "Weather?",
      maxOutputTokens: 900,
      tools: { weather: tool({ inputSchema: weather, execute: ({ city }) => (calls.push(city), "20 degrees") }) },
      toolChoice: "required",
      stopWhen: stepCountIs(2),
    });
    check(calls.length >= 1);
  },
  "ai, openai-compatible: embeddings": async () =>
    check(
      (
        await embedMany({
          model: aiCompatible.textEmbeddingModel?.(model) ?? aiCompatible.embeddingModel(model),
          values: ["a", "b"],
        })
      ).embeddings.length === 2,
    ),
  "ai, anthropic: text": async () =>
    check((await generateText({ model: aiAnthropic(model), prompt: "Hi", maxOutputTokens: 60 })).text !== undefined),
  "langchain, openai: chat": async () =>
    check(
      (await new ChatOpenAI({ model, apiKey, configuration: { baseURL: `${url}/v1` }, maxRetries: 0 }).invoke("Hi"))
        .content !== undefined,
    ),
  "langchain, openai: object": async () => {
    const chat = new ChatOpenAI({
      model,
      apiKey,
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
      maxTokens: 900,
    });
    person.parse(await chat.withStructuredOutput(person, { method: "jsonSchema" }).invoke("Somebody"));
  },
  "langchain, openai: embeddings": async () =>
    check(
      (
        await new OpenAIEmbeddings({
          model,
          apiKey,
          configuration: { baseURL: `${url}/v1` },
          maxRetries: 0,
        }).embedQuery("a")
      ).length > 10,
    ),
  "langchain, anthropic: chat": async () =>
    check(
      (await new ChatAnthropic({ model, apiKey, anthropicApiUrl: url, maxRetries: 0, maxTokens: 60 }).invoke("Hi"))
        .content !== undefined,
    ),
  "openai agents: run with a tool": async () => {
    const calls = [];
    const agent = new Agent({
      name: "a",
      instructions: "Be short.",
      model: new OpenAIChatCompletionsModel(openai, model),
      modelSettings: { toolChoice: "required", maxTokens: 300 },
      tools: [
        agentTool({
          name: "weather",
          description: "d",
          parameters: weather,
          execute: ({ city }) => (calls.push(city), "20 degrees"),
        }),
      ],
    });
    await run(agent, "Weather?", { maxTurns: 3 });
    check(calls.length >= 1);
  },
  "ollama: chat": async () =>
    check((await ollama.chat({ model, messages, options: { num_predict: 40 } })).message.role === "assistant"),
  "ollama: stream": async () => {
    let done = false;
    for await (const part of await ollama.chat({ model, messages, stream: true, options: { num_predict: 40 } }))
      done ||= part.done;
    check(done);
  },
  "ollama: generate in a format": async () => {
    const made = await ollama.generate({
      model,
      prompt: "x",
      think: false,
      format: z.toJSONSchema(person),
      options: { num_predict: 900 },
    });
    person.parse(JSON.parse(made.response));
  },
  "ollama: tool": async () => {
    const made = await ollama.chat({ model, messages, tools: [openaiTool], options: { num_predict: 40 } });
    check(made.message !== undefined);
  },
  "ollama: list, show, embed": async () => {
    check((await ollama.list()).models[0].name === model);
    check((await ollama.show({ model })).capabilities.includes("completion"));
    check((await ollama.embed({ model, input: ["a", "b"] })).embeddings.length === 2);
  },
};

for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, why: String(error?.message ?? error).slice(0, 300) }));
  }
}
process.exit(0);

function check(value) {
  if (!value) throw new Error(`unexpected: ${JSON.stringify(value)}`);
}
