import {
  type Attempt,
  type ForwardOutcome,
  forwardRequest,
  type ForwardTask,
  headerValue,
  type RelayedHead,
  type RequestBody,
  type ResponseHead,
} from "@drover/balancer/engine";
import type { LocationModel, ProxyPass } from "../../model/model.ts";
import { evaluate } from "../../model/template.ts";
import type { AttemptFacts } from "../../model/variable-source.ts";
import { takeBody } from "../request/client-body.ts";
import type { Outcome } from "../request/outcome.ts";
import type { RequestState } from "../request/request-state.ts";
import { type BodyFault, watchBody } from "../request/watch-body.ts";
import { compressed } from "../response/compress.ts";
import { unsendableStatus } from "../response/own-response.ts";
import { buildHead } from "../response/response-fields.ts";
import { type Route, routeOf } from "./proxy-route.ts";
import { upstreamHead } from "./proxy-target.ts";
import { relayedFields } from "./relayed-fields.ts";
import { logAttempts } from "./upstream-errors.ts";

/** Forwards a request to the location's upstream, and its response to the client. */
export async function proxyRequest(state: RequestState, location: LocationModel, pass: ProxyPass): Promise<Outcome> {
  const route = await routeOf(state, location, pass);
  if (typeof route === "number") return { kind: "status", status: route };
  const taken = await takeBody(state);
  if (taken === "too-large") return { kind: "status", status: 413 };
  if (taken === "timeout") return { kind: "close", status: 408 };
  // nginx takes a body that ends too early for a bad request.
  if (taken === "gone") return { kind: "close", status: 400 };
  const attempts: Attempt[] = [];
  state.attempts.push(attempts);
  const head = upstreamHead(state, route.uri);
  if (head === undefined) return { kind: "status", status: unsendableStatus };
  const body = bodyOf(state, taken);
  const cancel = body.kind === "stream" ? watchStream(state) : undefined;
  const task = taskOf(state, location, route, { body, ...head }, attempts);
  const outcome = await forwardRequest(
    cancel === undefined ? task : { ...task, cancel },
    route.group.connections(location),
    state.clock,
  );
  logAttempts(state, attempts, outcome, route);
  if (route.isTemporary) route.group.retire();
  const isCalledOff = outcome.kind === "client-gone" && cancel?.aborted === true;
  return isCalledOff ? endedByBody(state, cancel.reason as BodyFault) : ended(state, outcome);
}

/** Calls the forwarding off, by the fault, where the client's body, passed on as it comes, breaks the location's limits. */
function watchStream(state: RequestState): AbortSignal {
  const controller = new AbortController();
  watchBody(state, (fault) => controller.abort(fault));
  return controller.signal;
}

/** nginx responds with 413 while it still can, and closes; a client that fell silent gets no response. */
function endedByBody(state: RequestState, fault: BodyFault): Outcome {
  if (fault === "timeout") return { kind: "close", status: 408 };
  state.logError("client intended to send too large chunked body");
  if (!state.response.headersSent) return { kind: "status", status: 413 };
  state.response.destroy();
  return { kind: "sent" };
}

function bodyOf(state: RequestState, taken: RequestBody): RequestBody {
  const { passBody, body } = state.settings.proxy;
  if (body !== undefined) return { kind: "bytes", bytes: Buffer.from(evaluate(body, state), "latin1") };
  return passBody ? taken : { kind: "none" };
}

function taskOf(
  state: RequestState,
  location: LocationModel,
  { group }: Route,
  message: Pick<ForwardTask["outgoing"], "method" | "target" | "headers" | "body">,
  attempts: Attempt[],
): ForwardTask {
  const { proxy } = location.settings;
  const { pool, model } = group;
  const key = model.key === undefined ? undefined : Buffer.from(evaluate(model.key, state), "latin1");
  const pick = pool.startPick(
    { clientAddress: state.connection.remoteAddress, ...(key === undefined ? {} : { key }) },
    proxy.retry.tries,
  );
  return {
    client: { request: state.request, response: state.response, switchable: state.switchable },
    outgoing: { httpVersion: proxy.httpVersion, headersAreComplete: true, ...message },
    pick,
    acquire: (pick) => {
      const lease = pool.acquire(pick);
      // nginx's log has a line and a status for this too.
      if (lease === undefined) state.attempts.at(-1)?.push(noServer(model.name, state.clock.monotonicMs()));
      return lease;
    },
    retry: proxy.retry,
    timeouts: { connectMs: proxy.connectTimeoutMs, sendMs: proxy.sendTimeoutMs, readMs: proxy.readTimeoutMs },
    onHead: (head) => onHead(state, location, head),
    ignoreClientAbort: proxy.ignoreClientAbort,
    attempts,
  };
}

function onHead(state: RequestState, location: LocationModel, head: ResponseHead): RelayedHead | "intercept" {
  const { proxy } = location.settings;
  state.upstreamHead = head;
  if (accelRedirect(state, head) !== undefined) return "intercept";
  if (proxy.interceptErrors && head.status >= 300 && state.errorPageFor(head.status) !== undefined) return "intercept";
  if (state.response.req.httpVersion === "1.0" && headerValue(head.headers, "content-length") === undefined) {
    state.response.shouldKeepAlive = false;
  }
  const { parts, level } = compressed(state, relayedFields(state, location, head));
  const relayed = buildHead(state, parts);
  if (state.unsendable !== undefined) return "intercept";
  return level === undefined ? relayed : { ...relayed, gzipLevel: level };
}

/** What nginx counts as an attempt when there is no server to ask. */
function noServer(group: string, nowMs: number): AttemptFacts {
  const nothing = { connectMs: undefined, headerMs: undefined, bytesSent: 0, bytesReceived: 0, bodyBytes: 0 };
  return { ...nothing, upstream: { server: group }, startedAtMs: nowMs, responseMs: 0, status: 502, error: undefined };
}

function accelRedirect(state: RequestState, head: ResponseHead): string | undefined {
  if (state.settings.proxy.ignoredHeaders.has("x-accel-redirect")) return undefined;
  return headerValue(head.headers, "x-accel-redirect");
}

function ended(state: RequestState, outcome: ForwardOutcome): Outcome {
  switch (outcome.kind) {
    case "responded":
    case "broken":
      return { kind: "sent" };
    case "client-gone":
      return { kind: state.response.headersSent ? "sent" : "gone" };
    case "failed":
      return { kind: "status", status: outcome.status };
    case "condemned":
      return { kind: "status", status: 500 };
    case "intercepted":
      return intercepted(state, outcome.head);
    default:
      return outcome satisfies never;
  }
}

function intercepted(state: RequestState, head: ResponseHead): Outcome {
  if (state.unsendable !== undefined) return { kind: "status", status: unsendableStatus };
  const to = accelRedirect(state, head);
  if (to === undefined) return { kind: "status", status: head.status };
  if (state.method !== "HEAD") state.method = "GET";
  return { kind: "redirect", to };
}
