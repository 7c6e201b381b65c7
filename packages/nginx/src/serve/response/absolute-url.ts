import type { RequestState } from "../request/request-state.ts";

/** nginx makes a Location that starts with `/` absolute, with the host it was asked by and the port it listens on. */
export function absoluteUrl(state: RequestState, location: string): string {
  const { redirects } = state.settings;
  if (!location.startsWith("/") || !redirects.absolute) return location;
  const scheme = state.connection.tls === undefined ? "http" : "https";
  const host = redirects.serverName && state.serverName !== "" ? state.serverName : state.host;
  const port = state.connection.serverPort;
  const isUsual = port === (scheme === "http" ? 80 : 443) || port === 0;
  return `${scheme}://${host}${redirects.port && !isUsual ? `:${port}` : ""}${location}`;
}
