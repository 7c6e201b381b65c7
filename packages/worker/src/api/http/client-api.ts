import type { FastifyRequest } from "fastify";

/** Whether Anthropic's API is spoken: by the route, or, where a path is in both APIs, by the header that each of its clients sends. */
export function isAnthropic({ url, headers }: Pick<FastifyRequest, "url" | "headers">): boolean {
  return url.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined;
}
