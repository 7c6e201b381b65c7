import { signal } from "@preact/signals";
import { ask, ServerError } from "../api/server.ts";
import { texts } from "../language/language.ts";

/** The admin key, once it was found right; kept until the tab is closed. */
export const adminKey = signal(sessionStorage.getItem("drover.admin-key") ?? "");

/** What is being done, as `ACTION WORKER`. */
export const pending = signal<ReadonlySet<string>>(new Set());

/** Why the last action was refused; empty: it was not. */
export const refused = signal("");

/** Tries a key. @throws with the reason, in the page's language where the key is wrong */
export async function unlock(key: string): Promise<void> {
  try {
    await call("check", {}, key);
  } catch (error) {
    const isWrong = error instanceof ServerError && error.status === 403;
    throw isWrong ? new Error(texts.value.keyWrong, { cause: error }) : error;
  }
  adminKey.value = key;
  sessionStorage.setItem("drover.admin-key", key);
}

export function lock(): void {
  adminKey.value = "";
  sessionStorage.removeItem("drover.admin-key");
}

/** Does something and waits until it is done; never rejects. */
export async function act(action: string, argument: Readonly<Record<string, string>> = {}): Promise<void> {
  const name = pendingName(action, argument["worker"]);
  pending.value = new Set(pending.value).add(name);
  try {
    await call(action, argument, adminKey.value);
    refused.value = "";
  } catch (error) {
    refused.value = (error as Error).message;
  } finally {
    const rest = new Set(pending.value);
    rest.delete(name);
    pending.value = rest;
  }
}

export function pendingName(action: string, worker = ""): string {
  return `${action} ${worker}`;
}

function call(action: string, argument: Readonly<Record<string, string>>, key: string): Promise<Response> {
  const query = new URLSearchParams(argument).toString();
  return ask(`console/admin/${action}?${query}`, { method: "POST", adminKey: key });
}
