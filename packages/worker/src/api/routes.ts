import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { apiOf, type ApiRoute, apiRoutes, type RouteName } from "@drover/contract/routes";
import { chatCompletions } from "./openai-chat/chat-completions.ts";
import { chatCompletionRequest } from "./openai-chat/chat-schema.ts";
import { completionRequest } from "./openai-completions/completion-schema.ts";
import { completions, refuseLongPrompt } from "./openai-completions/completions.ts";
import { embeddings, embeddingsRequest } from "./openai-embeddings/embeddings.ts";
import { countTokens, messages, refuseThread } from "./anthropic/messages.ts";
import { countTokensRequest, messagesRequest } from "./anthropic/messages-schema.ts";
import { listModels, retrieveModel } from "./llama-server/models.ts";
import { applyTemplate } from "./llama-server/apply-template.ts";
import { infillRequest, nativeCompletionRequest } from "./llama-server/completion-schema.ts";
import { infill, nativeCompletion } from "./llama-server/native-completion.ts";
import { nativeEmbedding, nativeEmbeddingRequest } from "./llama-server/native-embedding.ts";
import { ollamaChat, ollamaGenerate } from "./ollama/ollama-responses.ts";
import {
  ollamaEmbed,
  ollamaEmbedding,
  ollamaModels,
  ollamaPull,
  ollamaShow,
  ollamaVersion,
} from "./ollama/ollama-models.ts";
import {
  ollamaChatRequest,
  ollamaEmbedRequest,
  ollamaGenerateRequest,
  ollamaShowRequest,
} from "./ollama/ollama-schema.ts";
import { type CheckedRoute, openApiDocument } from "./openapi.ts";
import { inOwnersName } from "./request-owner.ts";
import { props } from "./llama-server/props.ts";
import { resumable } from "./resumable.ts";
import { countInputTokens, responses } from "./openai-responses/responses.ts";
import { responsesRequest } from "./openai-responses/responses-schema.ts";
import { type Serving, nowSeconds } from "./serving.ts";
import { takeBody } from "./http/take-body.ts";
import { health, slots, steps } from "./llama-server/slots.ts";
import { detokenize, detokenizeRequest, tokenize, tokenizeRequest } from "./llama-server/tokens.ts";

/** A row of the routes' table with what serves it. */
export interface Route extends CheckedRoute {
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

interface Handler {
  /** What requests are checked against; absent: they have no body. */
  readonly body?: z.ZodType;
  readonly handle: (serving: Serving, request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** @param look at the body as it came, before it is checked */
function checked<Body>(
  body: z.ZodType<Body>,
  handle: (serving: Serving, body: Body, reply: FastifyReply) => unknown,
  look?: (serving: Serving, body: unknown) => void,
): Handler {
  return {
    body,
    async handle(serving, request, reply) {
      look?.(serving, request.body);
      return await handle(serving, await takeBody(serving, body, request, reply), reply);
    },
  };
}

/** Every route of a worker. */
export function routesOf(serving: Serving): readonly Route[] {
  const handlers: Readonly<Record<string, Handler>> = handlersOf(nowSeconds(serving), () => document);
  const routes = apiRoutes.map((row: ApiRoute): Route => {
    const { body, handle } = handlers[`${row.method} ${row.path}`] as Handler;
    const servingOf = row.generates === true ? generating : plain;
    return {
      ...row,
      ...(body !== undefined && { body }),
      handle: (request, reply) => handle(servingOf(serving, request, reply), request, reply),
    };
  });
  const document = openApiDocument(routes);
  return routes;
}

const plain = (serving: Serving): Serving => serving;
const generating: typeof resumable = (serving, request, reply) =>
  resumable(inOwnersName(serving, request), request, reply);

/** @param started when the model was made, for clients */
function handlersOf(started: number, openApi: () => object): Readonly<Record<RouteName, Handler>> {
  return {
    "POST /v1/chat/completions": checked(chatCompletionRequest, chatCompletions),
    "POST /v1/completions": checked(completionRequest, completions, refuseLongPrompt),
    "POST /v1/embeddings": checked(embeddingsRequest, embeddings),
    "POST /v1/responses": checked(responsesRequest, responses),
    "POST /v1/responses/input_tokens": checked(responsesRequest, countInputTokens),
    "POST /v1/messages": checked(messagesRequest, messages, refuseThread),
    "POST /v1/messages/count_tokens": checked(countTokensRequest, countTokens),
    "POST /completion": checked(nativeCompletionRequest, nativeCompletion),
    "POST /infill": checked(infillRequest, infill),
    "POST /embedding": checked(nativeEmbeddingRequest, nativeEmbedding),
    "POST /apply-template": checked(chatCompletionRequest, applyTemplate),
    "GET /lora-adapters": { handle: () => [] },
    "POST /api/chat": checked(ollamaChatRequest, ollamaChat),
    "POST /api/generate": checked(ollamaGenerateRequest, ollamaGenerate),
    "POST /api/embed": checked(ollamaEmbedRequest, ollamaEmbed),
    "POST /api/embeddings": checked(ollamaEmbedRequest, ollamaEmbedding),
    "GET /api/tags": { handle: (serving) => ollamaModels(serving, started) },
    "GET /api/ps": { handle: (serving) => ollamaModels(serving, started) },
    "POST /api/show": checked(ollamaShowRequest, ollamaShow),
    "GET /api/version": { handle: ollamaVersion },
    "POST /api/pull": { handle: ollamaPull },
    "POST /api/create": { handle: ollamaPull },
    "POST /api/copy": { handle: ollamaPull },
    "POST /api/push": { handle: ollamaPull },
    "POST /tokenize": checked(tokenizeRequest, tokenize),
    "POST /detokenize": checked(detokenizeRequest, detokenize),
    "GET /v1/models": { handle: (serving, request) => listModels(serving, started, apiOf(request)) },
    "GET /v1/models/*": {
      handle: (serving, request) => retrieveModel(serving, started, wildcard(request), apiOf(request)),
    },
    "GET /health": { handle: health },
    "GET /v1/health": { handle: health },
    "GET /slots": { handle: (serving, request) => slots(serving, request.query) },
    "GET /steps": { handle: steps },
    "GET /props": { handle: props },
    "GET /openapi.json": { handle: openApi },
  };
}

function wildcard(request: FastifyRequest): string {
  const { params } = request;
  if (typeof params !== "object" || params === null || !("*" in params)) return "";
  return String(params["*"]);
}
