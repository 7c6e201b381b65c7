import { messageOf } from "@drover/foundation/error-text";
import { isIP } from "node:net";
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
import { implicitGroup, parseServerAddress } from "../../model/server-address.ts";
import { buildHead } from "../response/response-fields.ts";
import { unsendableStatus } from "../response/own-response.ts";
import { takeBody } from "../request/client-body.ts";
import { compressed } from "../response/compress.ts";
import { aboutRequest } from "../request/error-line.ts";
import { errorPageFor } from "../request/error-page.ts";
import { type Group, startGroup } from "./groups.ts";
import { resolveName } from "./names.ts";
import type { Outcome } from "../request/outcome.ts";
import { evaluatedUrl, proxyTarget, upstreamHead } from "./proxy-target.ts";
import { relayedFields } from "./relayed-fields.ts";
import type { AttemptFacts } from "../../model/variable-source.ts";
import type { RequestState } from "../request/request-state.ts";
import type { Runtime } from "../runtime.ts";
import { type BodyFault, watchBody } from "../request/watch-body.ts";

/** Forwards a request to the location's upstream, and its response to the client. */
export async function proxyRequest(
  state: RequestState,
  location: LocationModel,
  pass: ProxyPass,
  runtime: Runtime,
): Promise<Outcome> {
  const route = await routeOf(state, location, pass, runtime);
  if (typeof route === "number") return { kind: "status", status: route };
  const taken = await takeBody(state, location);
  if (taken.kind === "too-large") return { kind: "status", status: 413 };
  if (taken.kind === "timeout") return { kind: "close", status: 408 };
  // nginx takes a body that ends too early for a bad request.
  if (taken.kind === "gone") return { kind: "close", status: 400 };
  const attempts: Attempt[] = [];
  state.attempts.push(attempts);
  const head = upstreamHead(state, location, route.uri);
  if (head === undefined) return { kind: "status", status: unsendableStatus };
  const body = bodyOf(state, location, taken.body);
  const watch = body.kind === "stream" ? watchStream(state, location) : undefined;
  const task = taskOf(state, location, route, { body, ...head }, attempts, runtime);
  const outcome = await forwardRequest(
    watch === undefined ? task : { ...task, cancel: watch.cancel },
    route.group.connections(location),
    runtime.clock,
  );
  logAttempts(state, attempts, outcome, route, runtime);
  if (route.isTemporary) route.group.retire();
  const fault = outcome.kind === "client-gone" ? watch?.fault() : undefined;
  return fault === undefined ? ended(state, outcome) : endedByBody(state, fault, runtime);
}

/** Calls the forwarding off where the client's body, passed on as it comes, breaks the location's limits. */
function watchStream(state: RequestState, location: LocationModel) {
  const { maxBodyBytes, bodyTimeoutMs } = location.settings;
  const controller = new AbortController();
  let fault: BodyFault | undefined;
  const limits = {
    limitBytes: maxBodyBytes === 0 ? Number.POSITIVE_INFINITY : maxBodyBytes,
    timeoutMs: bodyTimeoutMs,
    after: (delayMs: number, then: () => void) => state.after(delayMs, then),
  };
  watchBody(state.request, limits, (found) => {
    fault = found;
    controller.abort();
  });
  return { cancel: controller.signal, fault: () => fault };
}

/** nginx responds with 413 while it still can, and closes; a client that fell silent gets no response. */
function endedByBody(state: RequestState, fault: BodyFault, runtime: Runtime): Outcome {
  if (fault === "timeout") return { kind: "close", status: 408 };
  logError(state, runtime, "client intended to send too large chunked body");
  if (!state.response.headersSent) return { kind: "status", status: 413 };
  state.response.destroy();
  return { kind: "sent" };
}

interface Route {
  readonly group: Group;
  readonly scheme: "http" | "https";
  readonly uri: string;
  readonly isTemporary: boolean;
}

async function routeOf(
  state: RequestState,
  location: LocationModel,
  pass: ProxyPass,
  runtime: Runtime,
): Promise<Route | number> {
  if (pass.kind === "fixed") {
    const { target, uri } = pass;
    const group = runtime.groups.get(target.group);
    state.proxyHost = target.hostHeader;
    state.proxyPort = target.port;
    return group === undefined
      ? 500
      : { group, scheme: target.scheme, uri: proxyTarget(state, location, uri), isTemporary: false };
  }
  const url = evaluatedUrl(state, pass);
  if (url === undefined) {
    logError(state, runtime, `invalid URL prefix in "${evaluate(pass.url, state)}"`);
    return 500;
  }
  state.proxyHost = url.hostHeader;
  state.proxyPort = url.port;
  const uri = url.uri ?? proxyTarget(state, location, undefined);
  const known =
    (url.scheme === "http" ? runtime.groups.get(url.authority) : undefined) ??
    runtime.groups.get(`${url.authority} by ${url.scheme}`);
  if (known !== undefined) return { group: known, scheme: url.scheme, uri, isTemporary: false };
  const group = await temporaryGroup(state, url.authority, url.scheme, location, runtime);
  return group === undefined ? 502 : { group, scheme: url.scheme, uri, isTemporary: true };
}

/** A group for an address that only this request knows; names need a `resolver`. */
async function temporaryGroup(
  state: RequestState,
  authority: string,
  scheme: "http" | "https",
  location: LocationModel,
  runtime: Runtime,
): Promise<Group | undefined> {
  const position = { file: "", line: 0 };
  const { resolver } = location.settings;
  try {
    const address = parseServerAddress(authority, position, scheme === "https" ? 443 : 80);
    const model = implicitGroup(authority, position, address);
    if (address.kind !== "name") return await startGroup(model, scheme, resolver, runtime);
    if (resolver === undefined) {
      logError(state, runtime, `no resolver defined to resolve ${address.name}`);
      return undefined;
    }
    const found = await resolveName(address.name, resolver, runtime.names);
    if (found.length === 0) {
      logError(state, runtime, `${address.name} could not be resolved (3: Host not found)`);
      return undefined;
    }
    const servers = found.flatMap(({ address: host }) =>
      isIP(host) === 0
        ? []
        : model.servers.map((server) => ({ ...server, address: { kind: "ip" as const, host, port: address.port } })),
    );
    return await startGroup({ ...model, servers }, scheme, resolver, runtime);
  } catch (error) {
    logError(state, runtime, messageOf(error));
    return undefined;
  }
}

function bodyOf(state: RequestState, location: LocationModel, taken: RequestBody): RequestBody {
  const { passBody, body } = location.settings.proxy;
  if (body !== undefined) return { kind: "bytes", bytes: Buffer.from(evaluate(body, state), "latin1") };
  return passBody ? taken : { kind: "none" };
}

function taskOf(
  state: RequestState,
  location: LocationModel,
  { group }: Route,
  message: Pick<ForwardTask["outgoing"], "method" | "target" | "headers" | "body">,
  attempts: Attempt[],
  runtime: Runtime,
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
      if (lease === undefined) state.attempts.at(-1)?.push(noServer(model.name, state.monotonicMs()));
      return lease;
    },
    retry: proxy.retry,
    timeouts: { connectMs: proxy.connectTimeoutMs, sendMs: proxy.sendTimeoutMs, readMs: proxy.readTimeoutMs },
    onHead: (head) => onHead(state, location, head, runtime),
    ignoreClientAbort: proxy.ignoreClientAbort,
    attempts,
  };
}

function onHead(
  state: RequestState,
  location: LocationModel,
  head: ResponseHead,
  runtime: Runtime,
): RelayedHead | "intercept" {
  const { proxy } = location.settings;
  state.upstreamHead = head;
  if (accelRedirect(state, head) !== undefined) return "intercept";
  if (proxy.interceptErrors && head.status >= 300 && errorPageFor(state, head.status) !== undefined) return "intercept";
  if (state.response.req.httpVersion === "1.0" && headerValue(head.headers, "content-length") === undefined) {
    state.response.shouldKeepAlive = false;
  }
  const { parts, level } = compressed(state, relayedFields(state, location, head));
  const { status, reason, fields } = buildHead(state, parts, runtime.identity, runtime.clock.epochMs());
  if (state.unsendable !== undefined) return "intercept";
  return { status, reason, headers: fields, ...(level === undefined ? {} : { gzipLevel: level }) };
}

/** What nginx counts as an attempt when there is no server to ask. */
function noServer(group: string, nowMs: number): AttemptFacts {
  const nothing = { connectMs: undefined, headerMs: undefined, bytesSent: 0, bytesReceived: 0, bodyBytes: 0 };
  return { ...nothing, upstream: { server: group }, startedAtMs: nowMs, responseMs: 0, status: 502, error: undefined };
}

function accelRedirect(state: RequestState, head: ResponseHead): string | undefined {
  if (state.location?.settings.proxy.ignoredHeaders.has("x-accel-redirect") === true) return undefined;
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

function logAttempts(
  state: RequestState,
  attempts: readonly Attempt[],
  outcome: ForwardOutcome,
  route: Route,
  runtime: Runtime,
): void {
  for (const attempt of attempts) {
    if (attempt.error === undefined) continue;
    logError(state, runtime, errorText(attempt), `${route.scheme}://${attempt.upstream.server}${route.uri}`);
  }
  if (outcome.kind === "failed" && outcome.reason === "no live upstreams") {
    logError(
      state,
      runtime,
      "no live upstreams while connecting to upstream",
      `${route.scheme}://${route.group.model.name}${route.uri}`,
    );
  }
}

function logError(state: RequestState, runtime: Runtime, message: string, upstream?: string): void {
  const line = `${message}, ${aboutRequest(state, upstream)}`;
  runtime.logs.error(state.settings.errorLogs, "error", line, state.connection.number);
}

/** As nginx says it where it has a message for it. */
function errorText({ error = "", connectMs, headerMs }: Attempt): string {
  const during =
    connectMs === undefined
      ? "connecting to upstream"
      : headerMs === undefined
        ? "reading response header from upstream"
        : "reading upstream";
  if (error.includes("ECONNREFUSED")) return `connect() failed (111: Connection refused) while ${during}`;
  if (error.includes("ENOENT")) return `connect() failed (2: No such file or directory) while ${during}`;
  if (error.includes("ECONNRESET")) return `recv() failed (104: Connection reset by peer) while ${during}`;
  if (/no connection within|silent/.test(error))
    return `upstream timed out (110: Connection timed out) while ${during}`;
  if (error.includes("closed the connection")) return `upstream prematurely closed connection while ${during}`;
  return `upstream: ${error} while ${during}`;
}
