import type { RequestRecord } from "@drover/contract/request-record";
import type { Logger } from "pino";
import type { ClientRequest } from "../request/client-request.ts";
import { logTime } from "./log-time.ts";

export type AccessFormat = "off" | "json" | "combined";

/** Writes one line for each request; nothing of a body or a key is ever in it. */
export function logAccess(logger: Logger, format: AccessFormat, request: ClientRequest, record: RequestRecord): void {
  if (format === "off") return;
  if (format === "combined") logger.info(bare, combined(request, record));
  else logger.info(fields(record), "request");
}

/** Tells whoever shows log lines that the message is the entire line, to be written as it is. */
const bare = { bare: true };

function fields(record: RequestRecord) {
  const { id, client, key, method, target: path, status, bytes, durationMs: ms, queueMs, attempts, tries } = record;
  const { model, tokens, firstTokenMs, finish } = record;
  return {
    id,
    client,
    key,
    method,
    path,
    status,
    bytes,
    ms,
    queueMs,
    ttftMs: firstTokenMs,
    model,
    promptTokens: tokens?.prompt,
    cachedTokens: tokens?.cached,
    completionTokens: tokens?.completion,
    finish,
    worker: record.upstream,
    tries,
    upstream: attempts.map(({ upstream }) => upstream).join(","),
  };
}

/** nginx's `combined`, with the key's label for the user. */
function combined({ arrival }: ClientRequest, record: RequestRecord): string {
  const { incoming } = arrival;
  const { key, status, bytes, receivedAtEpochMs, durationMs } = record;
  const line = `${record.method} ${record.target} HTTP/${incoming.httpVersion}`;
  const referer = quoted(incoming.headers.referer);
  const agent = quoted(incoming.headers["user-agent"]);
  const time = logTime(receivedAtEpochMs + durationMs);
  return `${record.client} - ${key ?? "-"} [${time}] "${escape(line)}" ${status} ${bytes} ${referer} ${agent}`;
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
