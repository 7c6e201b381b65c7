import { dropBody, endResponse } from "@drover/foundation/network/end-response";
import { gzipSync } from "node:zlib";
import { absoluteUrl, buildHead, type HeadParts, serverText } from "./response-fields.ts";
import { compressed } from "./compress.ts";
import type { RequestState } from "../request/request-state.ts";
import { closing, pageOf, publicStatus } from "./special-pages.ts";

/** What a client gets whose request would put bytes into a header that end it. nginx 1.22 sends them. */
export const unsendableStatus = 400;

/** Responds with nginx's page for a status; with none where it has none. */
export function sendPage(state: RequestState, status: number, location?: string): void {
  const { settings, response } = state;
  if (closing.has(status)) response.shouldKeepAlive = false;
  const shownStatus = state.errorStatus ?? status;
  const page = pageOf(
    status,
    serverText(settings, state.runtime),
    state.headerValues("user-agent")[0],
    settings.msiePadding,
  );
  const isEmpty = shownStatus === 204 || shownStatus === 304;
  const body = Buffer.from(page ?? "", "latin1");
  send(state, isEmpty ? undefined : body, {
    status: publicStatus(status),
    contentType: page === undefined ? undefined : "text/html",
    contentLength: isEmpty ? undefined : body.length,
    location: location === undefined ? undefined : absoluteUrl(state, location),
  });
}

/** Responds with a text of the configuration (`return 200 text`). */
export function sendText(state: RequestState, status: number, text: string): void {
  const body = Buffer.from(text, "latin1");
  const isBare = status === 204;
  send(state, isBare || status === 304 ? undefined : body, {
    status,
    contentType: isBare ? undefined : contentTypeOf(state),
    contentLength: isBare ? undefined : body.length,
  });
}

function send(state: RequestState, text: Buffer | undefined, parts: HeadParts): void {
  const { response } = state;
  const { parts: sent, level } = compressed(state, parts);
  const { status, reason, headers } = buildHead(state, sent);
  if (state.unsendable !== undefined && parts.status !== unsendableStatus) {
    state.errorStatus = undefined;
    sendPage(state, unsendableStatus);
    return;
  }
  const hasBody = text !== undefined && state.request.method !== "HEAD";
  const body = level === undefined || text === undefined ? text : gzipSync(text, { level });
  response.writeHead(status, reason, [...headers]);
  if (!isStillSending(state)) {
    endResponse(response, hasBody ? body : undefined, state.clock);
    return;
  }
  if (hasBody) response.write(body);
  else response.flushHeaders();
  // The access log tells of the response when it has ended.
  dropBody(state.request, state.clock, () => {
    if (!response.writableEnded) response.end();
  });
}

function isStillSending({ request, response }: RequestState): boolean {
  if (request.complete || response.shouldKeepAlive) return false;
  return request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
}

/** By the extension of the URI, as for a file (`ngx_http_set_content_type`). */
function contentTypeOf({ uri, settings }: RequestState): string {
  const name = uri.slice(uri.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot === -1 ? "" : name.slice(dot + 1).toLowerCase();
  return settings.types.get(extension) ?? settings.defaultType;
}
