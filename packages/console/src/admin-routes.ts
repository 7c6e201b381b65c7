import { type WorkerActions, workerActions } from "@drover/contract/admin";
import { ADMIN_KEY_HEADER } from "@drover/contract/headers";
import { isSameSecret } from "@drover/contract/secrets";
import type { IncomingMessage } from "node:http";
import { type ConsoleResponse, jsonResponse, refusal } from "./page-response.ts";

/**
 * What the console's buttons do: the same actions as the admin socket's, over the public port.
 *
 * The socket belongs to the user that runs drover and asks for nothing more. Here a key of its own is asked for (`admin.key`), in a header
 * that no form or link of another site can send; without one the actions are not there at all. API keys are for those who use the models, and do
 * not open them. Arguments are in the query, so no body is read.
 */
export interface ConsoleAdmin {
  /** The key in force; undefined: nobody may do anything. */
  readonly key: () => string | undefined;
  readonly actions: WorkerActions;
}

/** `POST /console/admin/ACTION?…`. 403 names what is wrong with the key, 409 why the action was refused. */
export async function adminResponse(
  request: IncomingMessage,
  action: string,
  { key, actions }: ConsoleAdmin,
): Promise<ConsoleResponse> {
  const refused = withoutAdminKey(request, key());
  if (refused !== undefined) return refused;
  const perform = Object.hasOwn(performers, action) ? performers[action] : undefined;
  if (perform === undefined) return refusal(404, "unknown_action", `there is no action ${action}`);
  try {
    const query = new URL(request.url ?? "/", "http://console").searchParams;
    return jsonResponse(200, (await perform(actions, query)) ?? {});
  } catch (error) {
    return refusal(409, "refused", (error as Error).message);
  }
}

/** Why the request may not do what needs the admin key; undefined: it may. */
export function withoutAdminKey({ headers }: IncomingMessage, wanted: string | undefined): ConsoleResponse | undefined {
  if (wanted === undefined) return refusal(403, "no_admin_key", "no admin key is set: start drover with --admin-key");
  const sent = headers[ADMIN_KEY_HEADER];
  if (typeof sent === "string" && isSameSecret(sent, wanted)) return undefined;
  return refusal(
    403,
    "wrong_admin_key",
    `the admin key is missing or wrong; it belongs into the header ${ADMIN_KEY_HEADER}`,
  );
}

/** By `check` the page finds out whether its key is the right one. */
const performers: Readonly<Record<string, (actions: WorkerActions, query: URLSearchParams) => unknown>> = {
  check: () => ({}),
  ...workerActions,
};
