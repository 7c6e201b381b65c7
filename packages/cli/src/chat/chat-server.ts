import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import { isLoopbackAddress, reachableAddress } from "@drover/foundation/network/addresses";
import { jsonOf } from "@drover/foundation/json-text";
import { text } from "node:stream/consumers";
import { messageOf } from "@drover/foundation/error-text";
import { SupervisorError } from "@drover/supervisor/errors";

/** Where a running drover serves: `http://HOST:PORT`, or a socket's path; and the key that it wants. */
export interface ChatServer {
  readonly url: string;
  readonly apiKey: string | undefined;
}

export interface ChatMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** What a stream brings: what the model thinks, or what it says. */
export interface ChatPiece {
  readonly kind: "thinking" | "text";
  readonly text: string;
}

/**
 * The name of the model that is served; undefined where the server lists none.
 * @throws SupervisorError `refused`
 */
export async function askModel(server: ChatServer): Promise<string | undefined> {
  const response = await send(server, { method: "GET", path: "/v1/models" });
  const list = jsonOf(await text(response)) as { readonly data?: readonly { readonly id?: string }[] } | undefined;
  return list?.data?.[0]?.id;
}

/**
 * The model's response to a conversation, piece by piece.
 * @throws SupervisorError `refused` with the server's reason
 */
export async function* streamChat(
  server: ChatServer,
  chat: { readonly model: string | undefined; readonly messages: readonly ChatMessage[] },
  signal: AbortSignal,
): AsyncGenerator<ChatPiece> {
  const body = JSON.stringify({ ...chat, stream: true });
  const response = await send(server, { method: "POST", path: "/v1/chat/completions", body, signal });
  for await (const line of createInterface({ input: response })) {
    // Comments keep the connection open.
    if (!line.startsWith("data:")) continue;
    const value = line.slice("data:".length).trim();
    if (value === "[DONE]") return;
    yield* piecesOf(value);
  }
  signal.throwIfAborted();
  throw new SupervisorError("refused", "the response broke off; ask again");
}

interface Chunk {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly { readonly delta?: { readonly content?: string; readonly reasoning_content?: string } }[];
}

function* piecesOf(value: string): Generator<ChatPiece> {
  const chunk = jsonOf(value) as Chunk | undefined;
  if (chunk?.error !== undefined) throw new SupervisorError("refused", chunk.error.message ?? "the server failed");
  const { content, reasoning_content: thinking } = chunk?.choices?.[0]?.delta ?? {};
  if (thinking) yield { kind: "thinking", text: thinking };
  if (content) yield { kind: "text", text: content };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** No key has other characters, and no header takes them. */
const SENDABLE = /^[\x21-\x7e]*$/;

async function send({ url, apiKey }: ChatServer, { method, path, body, signal }: Call): Promise<IncomingMessage> {
  if (!SENDABLE.test(apiKey ?? "")) {
    throw new SupervisorError(
      "refused",
      "the API key has letters beyond ASCII or blanks, as no key has; give another with --key",
    );
  }
  const headers = {
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  };
  const options = {
    ...addressOf(url),
    method,
    path,
    headers,
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  };
  const request = (url.startsWith("https:") ? https : http).request(options);
  // Also after the response: its body tells of what goes wrong then.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response").catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new SupervisorError("refused", `${url} can't be reached: ${messageOf(cause)}`, { cause });
  })) as [IncomingMessage];
  if (response.statusCode === 200) return response;
  throw refusalOf(response.statusCode ?? 0, await text(response));
}

function addressOf(url: string): https.RequestOptions {
  if (!/^https?:/.test(url)) return { socketPath: url };
  const { hostname, port } = new URL(url);
  const host = reachableAddress(hostname.replace(/^\[|\]$/g, ""));
  // The certificate is for the name that clients use. Who listens on this machine is known from the admin socket.
  return { host, port, ...(isLoopbackAddress(host) ? { rejectUnauthorized: false } : {}) };
}

function refusalOf(status: number, body: string): SupervisorError {
  const message = (jsonOf(body) as { readonly error?: { readonly message?: string } } | undefined)?.error?.message;
  const reason = message ?? `the server responded with ${status}`;
  const advice = status === 401 ? "; give the key with --key, or in DROVER_API_KEY" : "";
  return new SupervisorError("refused", `${reason}${advice}`);
}
