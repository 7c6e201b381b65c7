import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import type { IncomingMessage } from "node:http";

/** The fields that let a page of this origin read the response; none where it may not, or is no page. */
export function corsHeaders(origin: string | undefined, origins: readonly string[]): readonly string[] {
  if (origins.length === 0) return [];
  if (origins.includes("*")) return origin === undefined ? [] : ["Access-Control-Allow-Origin", "*", ...exposed];
  // Whoever keeps the response for others must know that it depends on who asked.
  return origin !== undefined && origins.includes(origin)
    ? ["Access-Control-Allow-Origin", origin, "Vary", "Origin", ...exposed]
    : ["Vary", "Origin"];
}

const exposed = ["Access-Control-Expose-Headers", `${REQUEST_ID_HEADER}, retry-after`];

/** A browser that asks whether it may send the real request. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
}

/** Fields of a response to a preflight request beside `corsHeaders`. */
export function preflightHeaders(request: IncomingMessage): readonly string[] {
  return [
    "Access-Control-Allow-Methods",
    "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers",
    request.headers["access-control-request-headers"] ?? "authorization, content-type",
    "Access-Control-Max-Age",
    "600",
  ];
}
