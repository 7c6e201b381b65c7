import { effect, signal } from "@preact/signals";

/** The server's error, or that it could not be reached. */
export class ServerError extends Error {
  /** 0: no connection, or it broke. */
  readonly status: number;
  /** As the API's error envelope has it. */
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = "ServerError";
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const KEY_ENTRY = "drover.key";

/** The API key that every request carries; empty: none is needed so far. Kept in this browser. */
export const apiKey = signal(localStorage.getItem(KEY_ENTRY) ?? "");

/** The key that was asked for is missing or wrong: the page asks the user for one. */
export const wantsKey = signal(false);

export function setApiKey(key: string): void {
  apiKey.value = key;
  if (key === "") localStorage.removeItem(KEY_ENTRY);
  else localStorage.setItem(KEY_ENTRY, key);
  wantsKey.value = false;
}

/** Resolves once the user has given a key or does not want to. @returns whether there is another key now */
export function anotherKey(): Promise<boolean> {
  const before = apiKey.value;
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (wantsKey.value) return;
      queueMicrotask(() => stop());
      resolve(apiKey.value !== before);
    });
  });
}

/** Where the server's `/` is, seen from this page. */
const root = new URL(document.documentElement.dataset["root"] ?? "./", document.baseURI);

export interface Call {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** @default the API key */
  readonly key?: string;
  readonly adminKey?: string;
}

/**
 * Asks this server; resolves with a response whose status is 200. A 401 also makes the page ask for a key.
 * @throws ServerError; DOMException `AbortError` when it was called off
 */
export async function ask(path: string, call: Call = {}): Promise<Response> {
  const { method = "GET", body, signal: abort, key = apiKey.value, adminKey = "" } = call;
  const response = await fetch(new URL(path, root), {
    method,
    headers: {
      ...call.headers,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === "" ? {} : { authorization: `Bearer ${sendable(key)}` }),
      ...(adminKey === "" ? {} : { "x-drover-admin-key": sendable(adminKey) }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(abort === undefined ? {} : { signal: abort }),
    cache: "no-store",
    credentials: "same-origin",
  }).catch((cause: unknown) => {
    throw abort?.aborted === true ? cause : new ServerError(0, "unreachable", (cause as Error).message);
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  // Where the user gave another key in the meantime, that one is still to be tried.
  if (response.status === 401 && call.key === undefined && key === apiKey.value) wantsKey.value = true;
  throw error;
}

/** No key has other characters, and a browser that is to send them says the same as where the server is away. */
function sendable(key: string): string {
  return key.replaceAll(/[^\x21-\x7e]/gu, "?");
}

/** An error of OpenAI's shape, whoever made it; a plain text or page of a proxy becomes one too. */
async function errorOf(response: Response): Promise<ServerError> {
  const text = await response.text().catch(() => "");
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const seconds = Number.isFinite(retryAfter) ? retryAfter : undefined;
  const { code, message } = readEnvelope(text) ?? { code: "", message: `${response.status} ${response.statusText}` };
  return new ServerError(response.status, code, message, seconds);
}

/** The error in a JSON text; undefined: there is none in it. */
export function readEnvelope(text: string): { readonly code: string; readonly message: string } | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } | string };
    if (typeof error === "string") return { code: "", message: error };
    if (typeof error?.message !== "string") return undefined;
    return { code: typeof error.code === "string" ? error.code : "", message: error.message };
  } catch {
    return undefined;
  }
}
