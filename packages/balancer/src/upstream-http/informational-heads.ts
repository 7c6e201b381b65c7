import { INTERJECT_HEADER } from "@drover/contract/headers";
import type { Client } from "./exchange-task.ts";
import { headerValue } from "./hop-by-hop.ts";
import type { ResponseHead } from "./response-head.ts";
import type { RawHeaders } from "./upstream-request.ts";

/** Passes a 103 on, to a client that knows of such heads and reads them; 100 was answered by the front door, and 102 says nothing. */
export function relayEarlyHints(head: ResponseHead, { response, request }: Client): void {
  if (head.status !== 103 || response.socket === null || request.httpVersionMinor < 1) return;
  // In a response that has begun it would be a part of the body; and hints are not worth memory for a client that reads nothing.
  if (response.headersSent || response.socket.writableNeedDrain) return;
  response.socket.write(headText(103, head.reason === "" ? "Early Hints" : head.reason, head.headers), "latin1");
}

/** What a worker of Drover's own puts into its event stream while it has no head for it yet. */
export function interjectionOf({ status, headers }: ResponseHead): string | undefined {
  const said = status === 102 ? headerValue(headers, INTERJECT_HEADER) : undefined;
  return said === undefined ? undefined : decodeURIComponent(said);
}

/** A head as it stands on the wire, its empty line included. */
export function headText(status: number, reason: string, headers: RawHeaders): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}\r\n`;
}
