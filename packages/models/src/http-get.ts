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
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return "code" in error ? String(error.code) : error.message;
}
