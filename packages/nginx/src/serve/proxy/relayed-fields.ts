import type { ResponseHead } from "@drover/balancer/engine";
import type { LocationModel } from "../../model/model.ts";
import { absoluteUrl, type HeadParts, putEvaluated } from "../response/response-fields.ts";
import { redirectedLocation } from "./proxy-target.ts";
import type { RequestState } from "../request/request-state.ts";

/** Of the connection to the upstream, not of the response. */
const ofConnection: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** What of an upstream's head the client sees: without hidden fields, redirects rewritten, nginx's own fields apart. */
export function relayedFields(state: RequestState, location: LocationModel, head: ResponseHead): HeadParts {
  const { hiddenHeaders } = location.settings.proxy;
  const { status, reason } = head;
  const fields: string[] = [];
  const parts: { -readonly [K in keyof HeadParts]: HeadParts[K] } = { status, reason, fields };
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] ?? "";
    const value = head.headers[index + 1] ?? "";
    const lower = name.toLowerCase();
    if (hiddenHeaders.has(lower) || ofConnection.has(lower)) continue;
    if (lower === "server") parts.server = value;
    else if (lower === "date") parts.date = value;
    else if (lower === "content-type") parts.contentType = value;
    else if (lower === "content-length") parts.contentLength = Number(value);
    else if (lower === "location") putEvaluated(state, fields, name, rewritten(state, location, value));
    else if (lower === "refresh") putEvaluated(state, fields, name, rewrittenRefresh(state, location, value));
    else fields.push(name, value);
  }
  return parts;
}

/** Only what was rewritten is made absolute (`ngx_http_upstream_rewrite_location`). */
function rewritten(state: RequestState, location: LocationModel, value: string): string {
  const changed = redirectedLocation(state, location, value);
  return changed === undefined ? value : absoluteUrl(state, changed);
}

function rewrittenRefresh(state: RequestState, location: LocationModel, value: string): string {
  const [, before = "", url] = /^([^;]*;\s*url=)(.*)$/is.exec(value) ?? [];
  if (url === undefined) return value;
  return before + (redirectedLocation(state, location, url) ?? url);
}
