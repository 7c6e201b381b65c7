import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { badField } from "../../errors.ts";
import { sendJson, WrittenJson } from "../http/send-json.ts";
import { takeBody } from "../http/take-body.ts";
import { embeddingsRequest, embedInputs } from "../openai-embeddings/embeddings.ts";
import type { Serving } from "../serving.ts";

const { input } = embeddingsRequest.shape;

export const nativeEmbeddingRequest = z.strictObject({
  content: input.nullish(),
  input: input.nullish(),
  embd_normalize: z.number().nullish(),
});

/** `POST /embedding`: a list with one vector for each text. */
export async function nativeEmbedding(serving: Serving, request: FastifyRequest, reply: FastifyReply) {
  const body = await takeBody(serving, nativeEmbeddingRequest, request, reply);
  const given = body.content ?? body.input;
  if (given === null || given === undefined) throw badField("content", "Missing required parameter: 'content'.");
  const { vectors } = await embedInputs(serving, reply, given);
  const rows = vectors.map((vector, index) => ({ index, embedding: [new WrittenJson(vector)] }));
  return await sendJson(reply, rows);
}
