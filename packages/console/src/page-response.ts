import { errorBody } from "@drover/contract/api-errors";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import type { PageFile, PageFiles } from "./page-files.ts";

/** A response of the console; the balancer sends it. */
export interface ConsoleResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers: readonly string[];
}

/**
 * Nothing but the page's own files and this server: no inline script or style, no other origin, no frame around it, and no text that becomes
 * HTML or a script by any of the browser's functions for that.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const safetyHeaders: readonly string[] = [
  "Content-Security-Policy",
  CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options",
  "nosniff",
  "Referrer-Policy",
  "no-referrer",
  "Cross-Origin-Opener-Policy",
  "same-origin",
  "Cross-Origin-Resource-Policy",
  "same-origin",
];

/**
 * The page itself. Its paths are relative, so that it works below any prefix of a proxy: `root` leads from the page's address to the
 * server's `/`. Undefined where nothing was built.
 */
export function pageResponse(
  files: PageFiles,
  root: string,
  headers: IncomingHttpHeaders,
): ConsoleResponse | undefined {
  const file = files.get("index.html");
  if (file === undefined) return undefined;
  const text = file.plain.toString().replaceAll("ASSETS", `${root}console/assets`).replace("ROOT", root);
  const isGzip = accepts("gzip", headers);
  return {
    status: 200,
    contentType: file.contentType,
    body: isGzip ? gzipSync(text) : text,
    headers: [
      ...safetyHeaders,
      "Cache-Control",
      "no-cache",
      "Vary",
      "Accept, Accept-Encoding",
      ...encoding(isGzip, "gzip"),
    ],
  };
}

/** A script, a style sheet or the icon; the names of the first two change with their content. */
export function assetResponse(file: PageFile, name: string, headers: IncomingHttpHeaders): ConsoleResponse {
  const lifetime = /-[A-Z0-9]{8}\.(?:js|css|svg)$/.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
  const fixed = [...safetyHeaders, "Cache-Control", lifetime, "Vary", "Accept-Encoding", "ETag", file.etag];
  const { contentType } = file;
  if (headers["if-none-match"] === file.etag) return { status: 304, contentType, body: "", headers: fixed };
  if (accepts("br", headers))
    return { status: 200, contentType, body: file.brotli, headers: [...fixed, ...encoding(true, "br")] };
  const isGzip = accepts("gzip", headers);
  const body = isGzip ? file.gzip : file.plain;
  return { status: 200, contentType, body, headers: [...fixed, ...encoding(isGzip, "gzip")] };
}

/** A JSON response that no cache keeps. */
export function jsonResponse(status: number, value: unknown): ConsoleResponse {
  const headers = ["Cache-Control", "no-store", "X-Content-Type-Options", "nosniff"];
  return { status, contentType: "application/json", body: JSON.stringify(value), headers };
}

/** An error in the envelope of OpenAI's API. */
export function refusal(status: number, code: string, message: string): ConsoleResponse {
  return jsonResponse(status, errorBody({ status, code, message, from: "proxy" }, "openai"));
}

function accepts(coding: string, headers: IncomingHttpHeaders): boolean {
  const field = headers["accept-encoding"] ?? "";
  return new RegExp(`\\b${coding}\\b(?!\\s*;\\s*q=0(?:\\.0*)?(?:,|$))`, "i").test(field);
}

function encoding(isEncoded: boolean, name: string): readonly string[] {
  return isEncoded ? ["Content-Encoding", name] : [];
}
