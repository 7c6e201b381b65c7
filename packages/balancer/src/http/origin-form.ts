import type { IncomingMessage } from "node:http";

/**
 * Turns a target in absolute form, as clients send it that take this for a proxy, into path and query; its host stands for the `Host` field's
 * (RFC 9112, 3.2.2).
 */
export function toOriginForm(request: IncomingMessage): void {
  const [scheme = "", host = ""] = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? "") ?? [];
  if (scheme === "") return;
  const rest = request.url?.slice(scheme.length) ?? "";
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  request.headers.host = host;
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "host") rawHeaders[index + 1] = host;
  }
}
