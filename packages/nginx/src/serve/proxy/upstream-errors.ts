import type { Attempt, ForwardOutcome } from "@drover/balancer/engine";
import { errnoTexts } from "../../system-error.ts";
import type { RequestState } from "../request/request-state.ts";
import type { Route } from "./proxy-route.ts";

/** A line for each attempt that failed, and for a request that no server was left for. */
export function logAttempts(
  state: RequestState,
  attempts: readonly Attempt[],
  outcome: ForwardOutcome,
  { scheme, uri, group }: Route,
): void {
  for (const attempt of attempts) {
    if (attempt.error === undefined) continue;
    state.logError(errorText(attempt), `${scheme}://${attempt.upstream.server}${uri}`);
  }
  if (outcome.kind === "failed" && outcome.reason === "no live upstreams") {
    state.logError("no live upstreams while connecting to upstream", `${scheme}://${group.model.name}${uri}`);
  }
}

/** As nginx says it where it has a message for it. */
function errorText({ error = "", connectMs, headerMs }: Attempt): string {
  const during =
    connectMs === undefined
      ? "connecting to upstream"
      : headerMs === undefined
        ? "reading response header from upstream"
        : "reading upstream";
  const [code] = /ECONNREFUSED|ENOENT|ECONNRESET/.exec(error) ?? [];
  if (code !== undefined) {
    return `${code === "ECONNRESET" ? "recv" : "connect"}() failed (${errnoTexts[code]}) while ${during}`;
  }
  if (/no connection within|silent/.test(error))
    return `upstream timed out (110: Connection timed out) while ${during}`;
  if (error.includes("closed the connection")) return `upstream prematurely closed connection while ${during}`;
  return `upstream: ${error} while ${during}`;
}
