import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
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
  const body = takeBody(serving, nativeEmbeddingRequest, request, reply);
  const { vectors } = await embedInputs(serving, reply, input.parse(body.content ?? body.input));
  return vectors.map((vector, index) => ({ index, embedding: [vector] }));
}
