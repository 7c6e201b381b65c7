import { isLetIn } from "../model/access-rules.ts";
import { keepCaptures } from "../model/captures.ts";
import { findLocation } from "../model/locations.ts";
import type { LocationModel, RewriteStep } from "../model/model.ts";
import { evaluate } from "../model/template.ts";
import { errorPageFor } from "./request/error-page.ts";
import { aboutRequest } from "./request/error-line.ts";
import type { Outcome } from "./request/outcome.ts";
import { returnText, sendPage, sendText } from "./response/own-response.ts";
import { proxyRequest } from "./proxy/proxy-request.ts";
import type { RequestState } from "./request/request-state.ts";
import type { Runtime } from "./runtime.ts";

/** nginx allows as many changes of the URI for one request. */
const mostRedirects = 10;

/** Takes a request through the phases of its server to its response. Resolves when the response was handed over. */
export async function handleRequest(state: RequestState, runtime: Runtime): Promise<void> {
  let outcome = await fromServer(state, runtime);
  for (;;) {
    switch (outcome.kind) {
      case "sent":
        return;
      case "close":
        state.status = outcome.status;
        state.response.destroy();
        return;
      case "gone":
        state.status = 499;
        return;
      case "redirect":
        outcome = await redirected(state, outcome.to, runtime);
        break;
      case "status":
        outcome = await special(state, outcome, runtime);
        break;
    }
  }
}

async function fromServer(state: RequestState, runtime: Runtime): Promise<Outcome> {
  state.location = undefined;
  const ended = runSteps(state, state.server.steps, runtime);
  if (ended !== undefined) return ended;
  const found = findLocation(state.server.locations, state.uri);
  if (found.kind === "none") return { kind: "status", status: 404 };
  if (found.kind === "redirect") {
    const location = state.args === "" ? found.path : `${found.path}?${state.args}`;
    return { kind: "status", status: 301, location };
  }
  if (found.captures !== undefined) keepCaptures(state, found.captures);
  return inLocation(state, found.value, runtime);
}

async function inLocation(state: RequestState, location: LocationModel, runtime: Runtime): Promise<Outcome> {
  if (location.internal && !state.isInternal) return { kind: "status", status: 404 };
  state.location = location;
  state.request.socket.setTimeout(location.settings.sendTimeoutMs);
  const { maxBodyBytes } = location.settings;
  const announced = Number(state.headerValues("content-length")[0] ?? 0);
  if (!state.isInternal && maxBodyBytes > 0 && announced > maxBodyBytes) {
    runtime.logs.error(
      location.settings.errorLogs,
      "error",
      `client intended to send too large body: ${announced} bytes, ${aboutRequest(state)}`,
      state.connection.number,
    );
    return { kind: "status", status: 413 };
  }
  const ended = runSteps(state, location.steps, runtime);
  if (ended !== undefined) return ended;
  if (!isLetIn(location.settings.access, state.connection.remoteAddress)) {
    const message = `access forbidden by rule, ${aboutRequest(state)}`;
    runtime.logs.error(location.settings.errorLogs, "error", message, state.connection.number);
    return { kind: "status", status: 403 };
  }
  if (location.proxy === undefined) return withoutHandler(state, runtime);
  return proxyRequest({ state, location, runtime }, location.proxy);
}

/** No files are served: nginx's own page stands for an error page that would be one. */
function withoutHandler(state: RequestState, { identity }: Runtime): Outcome {
  if (!state.tookErrorPage || state.errorStatus === undefined) return { kind: "status", status: 404 };
  sendPage(state, state.errorStatus, identity);
  return { kind: "sent" };
}

function runSteps(state: RequestState, steps: readonly RewriteStep[], runtime: Runtime): Outcome | undefined {
  for (const step of steps) {
    if (step.kind === "set") {
      state.own.set(step.name, evaluate(step.value, state));
      if (step.name === "args") state.args = state.own.get("args") ?? "";
      continue;
    }
    if (step.kind === "if") {
      const ended = step.condition(state) ? runSteps(state, step.steps, runtime) : undefined;
      if (ended !== undefined) return ended;
      continue;
    }
    const { status } = step;
    if (status === 444) return { kind: "close", status: 444 };
    // The text may speak of the status it is sent with.
    state.status = state.errorStatus ?? status;
    const text = returnText(state, step.text);
    if (isRedirect(status)) return { kind: "status", status, location: text };
    if (step.text === undefined && status >= 400) return { kind: "status", status };
    sendText(state, status, text, runtime.identity);
    return { kind: "sent" };
  }
  return undefined;
}

/** nginx's `ngx_http_special_response_handler`: an error page of the location, or nginx's own. */
async function special(
  state: RequestState,
  outcome: Extract<Outcome, { kind: "status" }>,
  runtime: Runtime,
): Promise<Outcome> {
  const { status, location } = outcome;
  state.errorStatus = undefined;
  const page = errorPageFor(state, status);
  if (page === undefined) {
    sendPage(state, status, runtime.identity, location);
    return { kind: "sent" };
  }
  if (!state.settings.recursiveErrorPages) state.tookErrorPage = true;
  const target = evaluate(page.target, state);
  if (!/^[/@]/.test(target)) {
    const code = typeof page.overwrite === "number" && isRedirect(page.overwrite) ? page.overwrite : 302;
    sendPage(state, code, runtime.identity, target);
    return { kind: "sent" };
  }
  state.errorStatus = page.overwrite === "page's own" ? undefined : (page.overwrite ?? status);
  state.status = state.errorStatus ?? 0;
  if (target.startsWith("/") && state.method !== "HEAD") state.method = "GET";
  return redirected(state, target, runtime);
}

async function redirected(state: RequestState, to: string, runtime: Runtime): Promise<Outcome> {
  state.redirects += 1;
  if (state.redirects > mostRedirects) {
    const message = "rewrite or internal redirection cycle";
    runtime.logs.error(
      state.settings.errorLogs,
      "error",
      `${message} while internally redirecting to "${to}", ${aboutRequest(state)}`,
      state.connection.number,
    );
    state.tookErrorPage = true;
    return { kind: "status", status: 500 };
  }
  state.isInternal = true;
  if (to.startsWith("@")) {
    const location = state.server.named.get(to);
    return location === undefined ? { kind: "status", status: 500 } : inLocation(state, location, runtime);
  }
  const mark = to.indexOf("?");
  state.uri = mark === -1 ? to : to.slice(0, mark);
  state.args = mark === -1 ? "" : to.slice(mark + 1);
  return fromServer(state, runtime);
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}
