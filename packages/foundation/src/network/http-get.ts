import http from "node:http";
import https from "node:https";
import type { Clock } from "../clock.ts";
import { hostLookup } from "./host-lookup.ts";
import { messageOf } from "../error-text.ts";
import { jsonOf } from "../json-text.ts";

/** Where to ask: a URL, or an address and a path of its own. */
export type HttpAddress =
  | string
  | { readonly host: string; readonly port: number; readonly tls?: boolean }
  | { readonly socketPath: string };

export interface GetOptions {
  /** @default the URL's */
  readonly path?: string;
  /** A body, which makes it a POST. */
  readonly post?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the head and the body together. @default it ends by the signal alone */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock: Clock;
}

/** `reason`: why there is no response. */
export type GetResult =
  | { readonly responded: true; readonly status: number; readonly body: string }
  | { readonly responded: false; readonly reason: string };

/** Characters of a body that are kept; the rest is read and dropped. */
const MOST_CHARACTERS = 2 ** 20;

/** One GET on a connection of its own. Never rejects; whatever status comes is a response. */
export function httpGet(
  address: HttpAddress,
  { path, post, headers, timeoutMs, signal, clock }: GetOptions,
): Promise<GetResult> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ responded: false, reason: messageOf(error) });
    const request = open(address, {
      agent: false,
      method: post === undefined ? "GET" : "POST",
      ...(path && { path }),
      ...(headers && { headers: { ...headers } }),
      ...(signal && { signal }),
    }).end(post);
    if (timeoutMs !== undefined) {
      const late = new Error(`no response within ${timeoutMs} ms`);
      request.once(
        "close",
        clock.after(timeoutMs, () => request.destroy(late)),
      );
    }
    request.once("error", fail);
    request.once("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        if (body.length < MOST_CHARACTERS) body += part;
      });
      response.once("error", fail);
      response.once("end", () => resolve({ responded: true, status: response.statusCode ?? 0, body }));
    });
  });
}

function open(address: HttpAddress, options: http.RequestOptions): http.ClientRequest {
  if (typeof address === "string") return (address.startsWith("https:") ? https : http).request(address, options);
  if ("socketPath" in address) return http.request({ ...address, ...options });
  const { host, port, tls = false } = address;
  return (tls ? https : http).request({ host, port, lookup: hostLookup, ...options });
}

/** As {@link httpGet}: the JSON of a response with status 200; undefined for any other, and where none comes in time. */
export async function getJson(address: HttpAddress, options: GetOptions): Promise<unknown> {
  const result = await httpGet(address, options);
  return result.responded && result.status === 200 ? jsonOf(result.body) : undefined;
}
