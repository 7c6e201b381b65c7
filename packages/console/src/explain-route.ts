import { describeRequest } from "@drover/contract/description/describe-request";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import type { IncomingMessage } from "node:http";
import { withoutAdminKey } from "./admin-routes.ts";
import { type ConsoleResponse, jsonResponse, refusal } from "./page-response.ts";

/** What is known of requests that have ended, for who has the admin key: they tell who uses the service, and how. */
export interface ConsoleExplain {
  /** The key in force; undefined: nobody is told. */
  readonly key: () => string | undefined;
  /** One request, or without an id the last ones. Throws with the reason where there is none of that id. */
  readonly explain: (id: string | undefined) => RequestRecord | readonly RequestSummary[];
}

const PATH = "/explain";

export function isExplainPath(path: string): boolean {
  return path === PATH || path.startsWith(`${PATH}/`);
}

/** `GET /explain`, a list, and `GET /explain/ID`: the record, and the same as `lines` for people, in Chinese where that is the language they like best. */
export function explainResponse(
  request: IncomingMessage,
  path: string,
  { key, explain }: ConsoleExplain,
): ConsoleResponse {
  const refused = withoutAdminKey(request, key());
  if (refused !== undefined) return refused;
  const id = path.slice(PATH.length + 1);
  try {
    const found = explain(id === "" ? undefined : decodeURIComponent(id));
    if (!("id" in found)) return jsonResponse(200, found);
    const isChinese = /^\s*zh\b/iu.test(request.headers["accept-language"] ?? "");
    return jsonResponse(200, { ...found, lines: describeRequest(found, isChinese ? "zh" : "en") });
  } catch (error) {
    return refusal(404, "unknown_request", (error as Error).message);
  }
}
