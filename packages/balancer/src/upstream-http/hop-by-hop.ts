import type { RawHeaders } from "./upstream-request.ts";

/** Fields that belong to one connection (RFC 9110, 7.6.1), in lower case. `trailer` stays: trailers are relayed. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** The fields that may go on, without those that `connection` names and those in `also` (lower case). */
export function withoutHopByHop(headers: RawHeaders, also: ReadonlySet<string> = nothing): string[] {
  const named = namedByConnection(headers);
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || also.has(lower) || (named.has(lower) && lower !== "host")) continue;
    kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}

const nothing: ReadonlySet<string> = new Set();

function namedByConnection(headers: RawHeaders): ReadonlySet<string> {
  let named = nothing;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    const value = (headers[index + 1] ?? "").toLowerCase();
    // What nearly all say is `keep-alive`, which stays behind anyway.
    if (hopByHop.has(value)) continue;
    named = new Set([...named, ...value.split(",").map((one) => one.trim())]);
  }
  return named;
}

/** The first value of a field, by its name in lower case. */
export function headerValue(headers: RawHeaders, lowerName: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return headers[index + 1];
  }
  return undefined;
}
