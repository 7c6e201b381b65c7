import { z } from "zod";
import type { ApiRoute } from "@drover/contract/routes";

/** A route with what its requests are checked against. */
export interface CheckedRoute extends ApiRoute {
  /** Absent: its requests have no body. */
  readonly body?: z.ZodType;
}

/** An OpenAPI document of the routes; the request schemas are those that requests are checked against. */
export function openApiDocument(routes: readonly CheckedRoute[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace("*", "{model}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Drover worker", version: "0.1.0", description: "One llama.cpp instance behind OpenAI's API." },
    paths,
    components: { schemas: { Error: ERROR } },
  };
}

const ERROR = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["message", "type", "code", "param"],
      properties: {
        message: { type: "string" },
        type: { type: "string" },
        code: { type: ["string", "null"] },
        param: { type: ["string", "null"] },
      },
    },
  },
} as const;

function operationOf(route: CheckedRoute) {
  const error = { content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } };
  const parameter = { name: "model", in: "path", required: true, schema: { type: "string" } };
  return {
    summary: route.summary,
    ...(route.path.includes("*") ? { parameters: [parameter] } : {}),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: jsonSchemaOf(route.body) } } } }),
    responses: {
      "200": { description: "The response; a stream of server-sent events where `stream` is true." },
      "4XX": { description: "The request is refused.", ...error },
      "5XX": { description: "The worker failed.", ...error },
    },
  };
}

function jsonSchemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any", target: "draft-2020-12" });
}
