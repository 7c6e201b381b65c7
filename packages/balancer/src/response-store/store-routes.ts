import { errorEnvelope } from "../error-envelope.ts";
import { jsonResponse, type OwnResponse } from "../own-routes/own-response.ts";
import type { ResponseStore } from "./response-store.ts";

/** What serves `GET` and `DELETE /v1/responses/ID`; undefined for every other request. */
export function storeRoute(
  method: string,
  path: string,
  owner: string,
  store: ResponseStore,
): (() => OwnResponse) | undefined {
  const [, id] = PATH.exec(path) ?? [];
  if (id === undefined || (method !== "GET" && method !== "DELETE")) return undefined;
  return () => (method === "GET" ? read(id, owner, store) : remove(id, owner, store));
}

/** Its bytes as they are kept: however many read it, and however slowly, they are in memory once. */
function read(id: string, owner: string, store: ResponseStore): OwnResponse {
  const stored = store.get(owner, id);
  return stored === undefined ? unknown(id) : jsonResponse(200, stored.response);
}

function remove(id: string, owner: string, store: ResponseStore): OwnResponse {
  if (!store.delete(owner, id)) return unknown(id);
  return jsonResponse(200, JSON.stringify({ id, object: "response", deleted: true }));
}

const PATH = /^(?:\/v1)?\/responses\/(resp_[^/]*)$/;

function unknown(id: string): OwnResponse {
  const message = `Response with id '${id}' not found.`;
  return jsonResponse(404, errorEnvelope({ status: 404, message, code: "response_not_found", from: "worker" }));
}
