import { headerValue } from "./hop-by-hop.ts";
import type { RawHeaders } from "./upstream-request.ts";

/** The head of an upstream's response, checked, with the hop-by-hop fields still in it. */
export interface ResponseHead {
  readonly httpVersion: "1.0" | "1.1";
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

/** What the client is to see. Framing (`content-length`, `transfer-encoding`, `connection`) is the forwarder's business. */
export interface RelayedHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
  /** The body is to be compressed; the headers say so already, and give no length. @default as it comes */
  readonly gzipLevel?: number;
}

/** How the end of a response's body is known. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly lengthBytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

export type HeadRead =
  | { readonly kind: "incomplete" }
  | { readonly kind: "invalid"; readonly reason: string }
  | {
      readonly kind: "head";
      readonly head: ResponseHead;
      readonly framing: Framing;
      /** The upstream will take another request on this connection. */
      readonly keepAlive: boolean;
      /** For how long it keeps the connection, where it says so. */
      readonly keepsForMs: number | undefined;
      /** Where the body begins. */
      readonly endOffset: number;
    };

/** Larger heads are refused (nginx: "upstream sent too big header"). */
const maxHeadBytes = 65_536;
const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/s;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- these are the bytes that a field value must not have
const badValue = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * Reads the head of a response from the start of `bytes`. Strict where leniency could be used to smuggle: folded lines, blanks before the
 * colon, NUL, both `content-length` and `transfer-encoding`, two lengths and any coding but `chunked` are invalid, as in nginx. A bare LF ends a line.
 */
export function readResponseHead(bytes: Buffer, method: string): HeadRead {
  const text = bytes.toString("latin1", 0, Math.min(bytes.length, maxHeadBytes));
  let lineEnd = text.indexOf("\n");
  if (lineEnd < 0) return unfinished(text, bytes.length);
  const status = statusLine.exec(lineOf(text, 0, lineEnd));
  if (status === null || badValue.test(status[3] ?? ""))
    return { kind: "invalid", reason: "it sent no valid HTTP/1.x status line" };
  const headers: string[] = [];
  while (true) {
    const start = lineEnd + 1;
    lineEnd = text.indexOf("\n", start);
    if (lineEnd < 0) return unfinished(text, bytes.length);
    const line = lineOf(text, start, lineEnd);
    if (line === "") break;
    if (!pushField(headers, line)) return { kind: "invalid", reason: "it sent an invalid header line" };
  }
  const head: ResponseHead = {
    httpVersion: status[1] === "0" ? "1.0" : "1.1",
    status: Number(status[2]),
    reason: status[3] ?? "",
    headers,
  };
  return withFraming(head, method, lineEnd + 1);
}

/** The trailer fields at `start`, or how far reading came. `endOffset` is behind the empty line. */
export function readTrailers(
  bytes: Buffer,
  start: number,
): { readonly headers: string[]; readonly endOffset: number } | "incomplete" | "invalid" {
  const text = bytes.toString("latin1", start, Math.min(bytes.length, start + maxHeadBytes));
  const headers: string[] = [];
  let from = 0;
  while (true) {
    const lineEnd = text.indexOf("\n", from);
    if (lineEnd < 0) return text.length >= maxHeadBytes ? "invalid" : "incomplete";
    const line = lineOf(text, from, lineEnd);
    from = lineEnd + 1;
    if (line === "") return { headers, endOffset: start + from };
    if (!pushField(headers, line)) return "invalid";
  }
}

function unfinished(text: string, length: number): HeadRead {
  if (length >= maxHeadBytes) return { kind: "invalid", reason: `its head is larger than ${maxHeadBytes} bytes` };
  if (!"HTTP/1.".startsWith(text.slice(0, 7))) return { kind: "invalid", reason: "it sent no HTTP/1.x status line" };
  return { kind: "incomplete" };
}

function lineOf(text: string, start: number, lineEnd: number): string {
  return text.slice(start, text.charCodeAt(lineEnd - 1) === 13 && lineEnd > start ? lineEnd - 1 : lineEnd);
}

function pushField(headers: string[], line: string): boolean {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1).trim();
  if (!token.test(name) || badValue.test(value)) return false;
  headers.push(name, value);
  return true;
}

interface FramingFields {
  length: string | undefined;
  coding: string | undefined;
  connection: string;
  keepsForMs: number | undefined;
  repeated: boolean;
}

function withFraming(head: ResponseHead, method: string, endOffset: number): HeadRead {
  const fields = framingFields(head.headers);
  if (fields.repeated) return { kind: "invalid", reason: "it sent content-length or transfer-encoding twice" };
  if (fields.length !== undefined && fields.coding !== undefined) {
    return { kind: "invalid", reason: "it sent content-length and transfer-encoding together" };
  }
  if (fields.length !== undefined && !/^\d{1,15}$/.test(fields.length)) {
    return { kind: "invalid", reason: "its content-length is not a number" };
  }
  if (fields.coding !== undefined && fields.coding.toLowerCase() !== "chunked") {
    return { kind: "invalid", reason: `it sent an unknown transfer-encoding` };
  }
  const framing = framingOf(head, method, fields);
  const keepAlive =
    framing.kind !== "until-close" &&
    (head.httpVersion === "1.1" ? !fields.connection.includes("close") : fields.connection.includes("keep-alive"));
  return { kind: "head", head, framing, keepAlive, keepsForMs: fields.keepsForMs, endOffset };
}

function framingFields(headers: readonly string[]): FramingFields {
  const fields: FramingFields = {
    length: undefined,
    coding: undefined,
    connection: "",
    keepsForMs: undefined,
    repeated: false,
  };
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    // Only these three lengths can be one of the names looked for.
    if (name.length !== 14 && name.length !== 17 && name.length !== 10) continue;
    const lower = name.toLowerCase();
    const value = headers[index + 1] ?? "";
    if (lower === "content-length") {
      fields.repeated ||= fields.length !== undefined;
      fields.length = value;
    } else if (lower === "transfer-encoding") {
      fields.repeated ||= fields.coding !== undefined;
      fields.coding = value;
    } else if (lower === "keep-alive") fields.keepsForMs = secondsIn(value);
    else if (lower === "connection") fields.connection += `${value.toLowerCase()},`;
  }
  return fields;
}

/** `timeout=5, max=100` */
function secondsIn(keepAlive: string): number | undefined {
  const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function framingOf(head: ResponseHead, method: string, fields: FramingFields): Framing {
  if (method === "HEAD" || head.status === 204 || head.status === 304 || head.status < 200) return { kind: "none" };
  if (fields.coding !== undefined) return { kind: "chunked" };
  if (fields.length !== undefined) return { kind: "length", lengthBytes: Number(fields.length) };
  return { kind: "until-close" };
}

/** Of events, or of lines of JSON. */
export function isStream({ headers }: ResponseHead): boolean {
  const type = headerValue(headers, "content-type") ?? "";
  return type.startsWith("text/event-stream") || type.startsWith("application/x-ndjson");
}
