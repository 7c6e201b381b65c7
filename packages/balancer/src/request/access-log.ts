import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { logTime } from "./log-time.ts";

/** One request, when it is over. */
export interface AccessEntry {
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly clientAddress: string;
  /** Label of the key that was used. */
  readonly keyLabel: string | undefined;
  /** 499 for a client that left. */
  readonly status: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
  readonly queueMs: number;
  /** Ids of the upstreams that were tried, in order. */
  readonly upstreams: readonly string[];
  readonly endedAtEpochMs: number;
}

export type AccessFormat = "off" | "json" | "combined";

/** Writes one line for each request; nothing of a body or a key is ever in it. */
export function logAccess(logger: Logger, format: AccessFormat, entry: AccessEntry): void {
  if (format === "off") return;
  if (format === "combined") logger.info(bare, combined(entry));
  else logger.info(fields(entry), "request");
}

/** Tells whoever shows log lines that the message is the whole line, to be written as it is. */
const bare = { bare: true };

function fields(entry: AccessEntry) {
  return {
    id: entry.requestId,
    client: entry.clientAddress,
    key: entry.keyLabel,
    method: entry.request.method,
    path: entry.request.url,
    status: entry.status,
    bytes: entry.bodyBytes,
    ms: Math.round(entry.durationMs),
    queueMs: Math.round(entry.queueMs),
    upstream: entry.upstreams.join(","),
  };
}

/** nginx's `combined`, with the key's label for the user. */
function combined(entry: AccessEntry): string {
  const { request } = entry;
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
  const referer = quoted(request.headers.referer);
  const agent = quoted(request.headers["user-agent"]);
  return `${entry.clientAddress} - ${entry.keyLabel ?? "-"} [${logTime(entry.endedAtEpochMs)}] "${escape(line)}" ${entry.status} ${entry.bodyBytes} ${referer} ${agent}`;
}

function quoted(value: string | undefined): string {
  return value === undefined ? '"-"' : `"${escape(value)}"`;
}

/** As nginx escapes: quotes, backslashes and bytes outside of printable ASCII become \xHH. */
function escape(text: string): string {
  return text.replaceAll(/["\\]|[^ -~]/g, (letter) => {
    const code = letter.charCodeAt(0) & 0xff;
    return `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
