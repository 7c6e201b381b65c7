import type { Logger } from "pino";
import type { ClientRequest, Ending } from "./client-request.ts";
import { logTime } from "./log-time.ts";

/** One request, when it is over. */
export interface AccessEntry extends Ending {
  readonly request: ClientRequest;
  readonly durationMs: number;
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

function fields({ request, status, bodyBytes, durationMs }: AccessEntry) {
  return {
    id: request.id,
    client: request.arrival.clientAddress,
    key: request.keyLabel,
    method: request.method,
    path: request.target,
    status,
    bytes: bodyBytes,
    ms: durationMs,
    queueMs: request.queueMs,
    upstream: request.attempts.map(({ upstream }) => upstream.id).join(","),
  };
}

/** nginx's `combined`, with the key's label for the user. */
function combined({ request, status, bodyBytes, endedAtEpochMs }: AccessEntry): string {
  const { incoming, clientAddress } = request.arrival;
  const line = `${request.method} ${request.target} HTTP/${incoming.httpVersion}`;
  const referer = quoted(incoming.headers.referer);
  const agent = quoted(incoming.headers["user-agent"]);
  const user = request.keyLabel ?? "-";
  return `${clientAddress} - ${user} [${logTime(endedAtEpochMs)}] "${escape(line)}" ${status} ${bodyBytes} ${referer} ${agent}`;
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
