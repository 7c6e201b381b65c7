import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import type { IncomingMessage } from "node:http";

/** The fields that let a page of another origin read the answer; none where it may not, or is no page. */
export function corsHeaders(request: IncomingMessage, origins: readonly string[]): readonly string[] {
  const { origin } = request.headers;
  if (origin === undefined || origins.length === 0) return [];
  if (origins.includes("*")) return ["Access-Control-Allow-Origin", "*", ...exposed];
  return origins.includes(origin)
    ? ["Access-Control-Allow-Origin", origin, "Vary", "Origin", ...exposed]
    : ["Vary", "Origin"];
}

const exposed = ["Access-Control-Expose-Headers", `${REQUEST_ID_HEADER}, retry-after`];

/** A browser that asks whether it may send the real request. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
}

/** What a preflight is answered beside `corsHeaders`. */
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
