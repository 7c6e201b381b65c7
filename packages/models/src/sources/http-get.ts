import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { BlockList, isIP } from "node:net";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { ModelError } from "../errors.ts";
import { toldSha256 } from "./digest.ts";

/** A response whose body is still to be read, or to be given up by `discard`. */
export interface Response {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  /** undefined: there is none. */
  readonly header: (name: string) => string | undefined;
  /** The SHA-256 of the file, where a response on the way told it. */
  readonly sha256: string | undefined;
  readonly body: AsyncIterable<Buffer>;
  readonly discard: () => void;
}

const MOST_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A GET through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, as any downloader does. Follows redirects;
 * what authorizes at one host is not shown to another. By Node's own client and not undici's, whose versions for Node 20
 * end the process when a server closes the connection while the body waits to be read (nodejs/undici#5360).
 */
export async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let current = new URL(url);
  let sent = headers;
  let sha256: string | undefined;
  for (let redirects = 0; ; redirects += 1) {
    const message = await request(current, sent, signal);
    const status = message.statusCode ?? 0;
    const { location } = message.headers;
    // Hugging Face tells it with its redirect, and the server that it leads to does not.
    sha256 ??= toldSha256((name) => message.headers[name]?.toString());
    if (!REDIRECTS.has(status) || location === undefined) return responseOf(message, { status, url: current, sha256 });
    message.destroy();
    if (redirects >= MOST_REDIRECTS) throw refused(url, `it redirects more than ${MOST_REDIRECTS} times`);
    const next = nextUrl(url, location, current);
    if (next.origin !== current.origin) sent = withoutAuthorization(sent);
    current = next;
  }
}

/** Where a server sends a download: not into the clear, and not to what only this machine can reach. @throws ModelError */
export function nextUrl(url: string, location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw refused(url, "it redirects to what is no address");
  const next = new URL(location, from);
  if (next.protocol !== "https:" && next.protocol !== "http:") throw refused(url, `it redirects to ${next.protocol}`);
  if (from.protocol === "https:" && next.protocol === "http:") throw refused(url, "it redirects from https to http");
  if (isLocal(next.hostname) && !isLocal(from.hostname)) throw refused(url, "it redirects to this machine itself");
  return next;
}

function refused(url: string, why: string): ModelError {
  return new ModelError(
    "download_failed",
    `${url} can't be downloaded: ${why}. Check the address, or take another server.`,
  );
}

/** Addresses of the machine itself, and those of its link, where clouds tell machines their secrets. */
const localAddresses = new BlockList();
localAddresses.addSubnet("127.0.0.0", 8);
localAddresses.addSubnet("0.0.0.0", 8);
localAddresses.addSubnet("169.254.0.0", 16);
localAddresses.addSubnet("::", 127, "ipv6");
localAddresses.addSubnet("::ffff:127.0.0.0", 104, "ipv6");
localAddresses.addSubnet("fe80::", 10, "ipv6");

function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) === 0) return /(?:^|\.)localhost\.?$/i.test(host);
  return localAddresses.check(host, isIP(host) === 4 ? "ipv4" : "ipv6");
}

function request(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === "https:";
    if (!isTls && url.protocol !== "http:") throw new Error(`${url.protocol} is no address to download from`);
    const options = { agent: agentFor(url), headers: { ...headers }, ...(signal === undefined ? {} : { signal }) };
    const sent = (isTls ? https : http).get(url, options);
    // Never taken off: what comes after the response is the body's to tell, and must not end the process.
    sent.on("error", reject);
    sent.once("response", resolve);
  });
}

/** `false`: a connection of its own, without a proxy. */
function agentFor(url: URL): http.Agent | false {
  const proxy = getProxyForUrl(url.href);
  if (proxy === "") return false;
  return url.protocol === "https:" ? new HttpsProxyAgent(proxy) : new HttpProxyAgent(proxy);
}

function responseOf(
  message: IncomingMessage,
  { status, url, sha256 }: { readonly status: number; readonly url: URL; readonly sha256: string | undefined },
): Response {
  // As above: an error between the head and the reading of the body would be unheard.
  message.on("error", () => {});
  return {
    url: url.href,
    status,
    sha256,
    header: (name) => message.headers[name]?.toString(),
    body: message,
    discard: () => void message.destroy(),
  };
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}

/** The entire body as JSON; undefined where it is none. Not for bodies of any size: those over 1 MiB are none. */
export async function jsonOf(response: Response): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body) {
      bytes += part.length;
      if (bytes > MOST_JSON_BYTES) return undefined;
      parts.push(part);
    }
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    return undefined;
  }
}

const MOST_JSON_BYTES = 2 ** 20;

/** The system's reason of a failed request, for those that have no Node at hand. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error.message;
  const words = WORDS.get(code);
  return words === undefined ? code : `${words} (${code})`;
}

const WORDS: ReadonlyMap<unknown, string> = new Map([
  ["ECONNREFUSED", "the connection was refused"],
  ["ECONNRESET", "the connection was broken off"],
  ["ENOTFOUND", "there is no such host"],
  ["EAI_AGAIN", "the host's name can't be looked up now"],
  ["ENETUNREACH", "the network can't be reached"],
  ["EHOSTUNREACH", "the host can't be reached"],
  ["ETIMEDOUT", "the connection timed out"],
]);
