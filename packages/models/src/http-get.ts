import { EnvHttpProxyAgent, fetch, type Response } from "undici";

export type { Response };

/** A GET through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, as any downloader does. Follows redirects. */
export async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  agent ??= new EnvHttpProxyAgent();
  return await fetch(url, { headers: { ...headers }, dispatcher: agent, ...(signal === undefined ? {} : { signal }) });
}

// made at first use: most processes fetch nothing
let agent: EnvHttpProxyAgent | undefined;

/** The system's reason behind fetch's "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return wordsOf(cause instanceof Error ? cause : error);
}

/** For those that have no Node at hand. */
const WORDS: ReadonlyMap<unknown, string> = new Map([
  ["ECONNREFUSED", "the connection was refused"],
  ["ECONNRESET", "the connection was broken off"],
  ["ENOTFOUND", "there is no such host"],
  ["EAI_AGAIN", "the host's name can't be looked up now"],
  ["ENETUNREACH", "the network can't be reached"],
  ["EHOSTUNREACH", "the host can't be reached"],
  ["ETIMEDOUT", "the connection timed out"],
]);

function wordsOf(error: Error): string {
  if (!("code" in error)) return error.message;
  const words = WORDS.get(error.code);
  return words === undefined ? String(error.code) : `${words} (${String(error.code)})`;
}
