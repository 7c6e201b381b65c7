import { SECRET_HEADER } from "@drover/contract/headers";
import type { Clock } from "@drover/foundation/clock";
import { getJson } from "@drover/foundation/network/http-get";
import { httpAddress, type Upstream } from "../pool/upstream.ts";

/** How long a worker may take to respond to a request that needs no slot. */
const timeoutMs = 1000;

/** The JSON that an upstream responds with to a GET; undefined where it does not, in time and with 200. */
export function askUpstream(upstream: Upstream, path: string, clock: Clock): Promise<unknown> {
  const { secret } = upstream;
  const headers = secret === undefined ? {} : { [SECRET_HEADER]: secret };
  return getJson(httpAddress(upstream), { path, headers, timeoutMs, clock });
}
