import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { chatCompletions } from "./openai-chat/chat-completions.ts";
import { chatCompletionRequest } from "./openai-chat/chat-schema.ts";
import { completionRequest } from "./openai-completions/completion-schema.ts";
import { isAnthropic } from "./http/client-api.ts";
import { completions } from "./openai-completions/completions.ts";
import { embeddings, embeddingsRequest } from "./openai-embeddings/embeddings.ts";
import { health } from "./llama-server/health.ts";
import { countTokens, messages } from "./anthropic/messages.ts";
import { countTokensRequest, messagesRequest } from "./anthropic/messages-schema.ts";
import { listModels, retrieveModel } from "./llama-server/models.ts";
import { openApiDocument } from "./openapi.ts";
import { props } from "./llama-server/props.ts";
import { resumable } from "./resumable.ts";
import { responses } from "./openai-responses/responses.ts";
import { responsesRequest } from "./openai-responses/responses-schema.ts";
import { type Serving, nowSeconds } from "./serving.ts";
import { slots, steps } from "./llama-server/slots.ts";
import { detokenize, detokenizeRequest, tokenize, tokenizeRequest } from "./llama-server/tokens.ts";

export interface Route {
  readonly method: "GET" | "POST";
  /** `*` at its end stands for anything. */
  readonly url: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** Every route of a worker. */
export function routesOf(serving: Serving): readonly Route[] {
  const routes = [...postRoutes(serving), ...getRoutes(serving)];
  const document = openApiDocument(routes);
  return [
    ...routes,
    { method: "GET", url: "/openapi.json", summary: "This API as an OpenAPI document", handle: () => document },
  ];
}

function postRoutes(serving: Serving): readonly Route[] {
  const post = (
    url: string,
    summary: string,
    body: z.ZodType,
    handle: (serving: Serving, request: FastifyRequest, reply: FastifyReply) => unknown,
  ): Route => ({ method: "POST", url, summary, body, handle: (request, reply) => handle(serving, request, reply) });
  const answer: typeof post = (url, summary, body, handle) =>
    post(url, summary, body, (all, request, reply) => handle(resumable(all, request, reply), request, reply));
  return [
    answer("/v1/chat/completions", "Answer a chat (OpenAI)", chatCompletionRequest, chatCompletions),
    answer("/v1/completions", "Go on with a text (OpenAI)", completionRequest, completions),
    post("/v1/embeddings", "Vectors of texts (OpenAI)", embeddingsRequest, embeddings),
    answer("/v1/responses", "Answer a chat (OpenAI's responses)", responsesRequest, responses),
    answer("/v1/messages", "Answer a chat (Anthropic)", messagesRequest, messages),
    post("/v1/messages/count_tokens", "Count a chat's tokens (Anthropic)", countTokensRequest, countTokens),
    post("/tokenize", "Text to tokens", tokenizeRequest, tokenize),
    post("/detokenize", "Tokens to text", detokenizeRequest, detokenize),
  ];
}

function getRoutes(serving: Serving): readonly Route[] {
  const started = nowSeconds(serving);
  const get = (url: string, summary: string, handle: Route["handle"]): Route => ({
    method: "GET",
    url,
    summary,
    handle,
  });
  return [
    get("/v1/models", "The model", (request) => listModels(serving, started, isAnthropic(request))),
    get("/v1/models/*", "The model, by its id", (request) =>
      retrieveModel(serving, started, wildcard(request), isAnthropic(request)),
    ),
    get("/health", "Is the worker well, and how busy", () => health(serving)),
    get("/v1/health", "The same", () => health(serving)),
    get("/slots", "What each slot does", (request) => slots(serving, request.query)),
    get("/steps", "What steps cost", () => steps(serving)),
    get("/props", "Facts about the model, and defaults", () => props(serving)),
  ];
}

function wildcard(request: FastifyRequest): string {
  const { params } = request;
  if (typeof params !== "object" || params === null || !("*" in params)) return "";
  return String(params["*"]);
}
