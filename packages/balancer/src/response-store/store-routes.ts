import { errorEnvelope } from "../error-envelope.ts";
import { jsonResponse, type OwnResponse } from "../own-routes/own-response.ts";
import type { ResponseStore } from "./response-store.ts";

/** `GET` and `DELETE /v1/responses/ID`; undefined for every other request. */
export function storeRoute(method: string, path: string, owner: string, store: ResponseStore): OwnResponse | undefined {
  const [, id] = PATH.exec(path) ?? [];
  if (id === undefined || (method !== "GET" && method !== "DELETE")) return undefined;
  if (method === "GET") {
    const stored = store.get(owner, id);
    return stored === undefined ? unknown(id) : jsonResponse(200, stored.response.toString());
  }
  if (!store.delete(owner, id)) return unknown(id);
  return jsonResponse(200, JSON.stringify({ id, object: "response", deleted: true }));
}

const PATH = /^(?:\/v1)?\/responses\/(resp_[^/]*)$/;

function unknown(id: string): OwnResponse {
  const message = `Response with id '${id}' not found.`;
  return jsonResponse(404, errorEnvelope({ status: 404, message, code: "response_not_found", from: "worker" }));
}
