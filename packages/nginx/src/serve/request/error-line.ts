import type { RequestState } from "./request-state.ts";

/** The end of each line of nginx's error log that is about a request. */
export function aboutRequest(state: RequestState, upstream?: string): string {
  const host = state.headerValues("host")[0];
  return [
    `client: ${state.connection.remoteAddress}, server: ${state.serverName}, request: "${state.requestLine}"`,
    ...(upstream === undefined ? [] : [`upstream: "${upstream}"`]),
    ...(host === undefined ? [] : [`host: "${host}"`]),
  ].join(", ");
}
