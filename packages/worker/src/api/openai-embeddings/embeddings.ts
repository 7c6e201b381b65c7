import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Embedder } from "../../engine/engine.ts";
import { badField, type RequestError } from "../../errors.ts";
import { type PromptLimit, refuseLongPrompt } from "../../generation/prompt/prompt-limit.ts";
import { withBos } from "../../generation/prompt/prompt-tokenizer.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { textsOrTokens } from "../generating/list-limits.ts";
import { separateInputs } from "../generating/plain-prompt.ts";
import { refuseManyInputTokens } from "../generating/request-price.ts";
import { unsupported } from "../http/error-envelope.ts";
import { reportInputs } from "../generating/report.ts";
import { sendJson, WrittenJson } from "../http/send-json.ts";
import { bookkeepingFields, refuseForeignTokens } from "../generating/sampling-fields.ts";
import { type Serving, onClientGone } from "../serving.ts";

/** Texts of one request, as OpenAI. */
const MOST_INPUTS = 2048;

export const embeddingsRequest = z.strictObject({
  model: bookkeepingFields.model,
  user: bookkeepingFields.user,
  input: textsOrTokens(z.string().min(1, "must not be empty"), MOST_INPUTS),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});

type Input = z.output<typeof embeddingsRequest>["input"];

/** `POST /v1/embeddings`. */
export async function embeddings(
  serving: Serving,
  body: z.output<typeof embeddingsRequest>,
  reply: FastifyReply,
): Promise<unknown> {
  if (serving.embedder === undefined) throw notLoaded(serving);
  const { embeddingLength } = serving.model;
  if (typeof body.dimensions === "number" && body.dimensions !== embeddingLength) {
    throw unsupported("dimensions", `This model's vectors have ${embeddingLength} dimensions.`);
  }
  const write = body.encoding_format === "base64" ? base64 : JSON.stringify;
  const { vectors, promptTokens } = await embedInputs(serving, reply, body.input, write);
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  const data = vectors.map((vector, index) => ({
    object: "embedding",
    index,
    embedding: new WrittenJson(vector),
  }));
  return await sendJson(reply, { object: "list", data, model: serving.model.id, usage });
}

/** A vector as JSON. */
type WriteVector = (vector: readonly number[]) => string;

/**
 * The vectors of all inputs, each as JSON: thousands of them take a second to write, so each is written when it is there.
 *
 * @throws RequestError where the model was not loaded for it, an input is too long, or all together are too many
 */
export async function embedInputs(
  serving: Serving,
  reply: FastifyReply,
  input: Input,
  write: WriteVector = JSON.stringify,
) {
  const { embedder } = serving;
  if (embedder === undefined) throw notLoaded(serving);
  const limit: PromptLimit = { contextTokens: embedder.maxTokens, outputTokens: 0, param: "input" };
  const inputs: (readonly number[])[] = [];
  let promptTokens = 0;
  for (const one of separateInputs(input)) {
    const tokens = await inputOf(serving, one, limit);
    refuseLongPrompt(tokens, limit);
    inputs.push(tokens);
    promptTokens += tokens.length;
    refuseManyInputTokens(serving, promptTokens);
  }
  const vectors = await embedAll(embedder, inputs, reply, write);
  reportInputs(serving, reply.request, promptTokens);
  return { vectors, promptTokens };
}

/** One after the other; the rest is left undone when the client leaves. */
async function embedAll(
  embedder: Embedder,
  inputs: readonly (readonly number[])[],
  reply: FastifyReply,
  write: WriteVector,
) {
  const client = { gone: false };
  onClientGone(reply, () => {
    client.gone = true;
  });
  const vectors: string[] = [];
  for (const input of inputs) if (!client.gone) vectors.push(write(await embedder.embed(input)));
  return vectors;
}

async function inputOf(serving: Serving, one: string | readonly number[], limit: PromptLimit) {
  if (typeof one !== "string") {
    refuseForeignTokens(serving.model, one, "input");
    return one;
  }
  return withBos(serving.model, await serving.tokenizer.tokenize([wellFormed(one)], "plain", limit));
}

/** OpenAI's: little-endian 32-bit floats, whose text needs no escapes. */
function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return `"${bytes.toString("base64")}"`;
}

function notLoaded({ model }: Serving): RequestError {
  const message = `The model '${model.id}' was loaded without --embeddings; start Drover with that flag.`;
  return badField("model", message, "embeddings_not_enabled");
}
