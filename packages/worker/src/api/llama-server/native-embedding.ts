import type { FastifyReply } from "fastify";
import { z } from "zod";
import { badField } from "../../errors.ts";
import { sendJson, WrittenJson } from "../http/send-json.ts";
import { embeddingsRequest, embedInputs } from "../openai-embeddings/embeddings.ts";
import type { Serving } from "../serving.ts";

const { input } = embeddingsRequest.shape;

export const nativeEmbeddingRequest = z.strictObject({
  content: input.nullish(),
  input: input.nullish(),
  embd_normalize: z.number().nullish(),
});

/** `POST /embedding`: a list with one vector for each text. */
export async function nativeEmbedding(
  serving: Serving,
  body: z.output<typeof nativeEmbeddingRequest>,
  reply: FastifyReply,
) {
  const given = body.content ?? body.input;
  if (given === null || given === undefined) throw badField("content", "Missing required parameter: 'content'.");
  const { vectors } = await embedInputs(serving, reply, given);
  const rows = vectors.map((vector, index) => ({ index, embedding: [new WrittenJson(vector)] }));
  return await sendJson(reply, rows);
}
