import type { FastifyReply, FastifyRequest } from "fastify";
import { chatCompletions } from "./chat-completions.ts";
import { completions } from "./completions.ts";
import { health } from "./health.ts";
import { listModels, retrieveModel } from "./models.ts";
import { type Serving, nowSeconds } from "./serving.ts";

export interface Route {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** Every route of a worker. */
export function routesOf(serving: Serving): readonly Route[] {
  const started = nowSeconds(serving);
  const get = (url: string, handle: Route["handle"]): Route => ({ method: "GET", url, handle });
  const post = (url: string, handle: (s: Serving, q: FastifyRequest, r: FastifyReply) => unknown): Route => ({
    method: "POST",
    url,
    handle: (request, reply) => handle(serving, request, reply),
  });
  return [
    get("/health", () => health(serving)),
    get("/v1/health", () => health(serving)),
    get("/v1/models", () => listModels(serving, started)),
    get("/v1/models/*", (request) => retrieveModel(serving, started, wildcard(request))),
    post("/v1/chat/completions", chatCompletions),
    post("/v1/completions", completions),
  ];
}

function wildcard(request: FastifyRequest): string {
  const { params } = request;
  if (typeof params !== "object" || params === null || !("*" in params)) return "";
  return String(params["*"]);
}
