import { isLetIn } from "../model/access-rules.ts";
import { keepCaptures } from "../model/variable-source.ts";
import { findLocation } from "../model/locations.ts";
import type { LocationModel, RewriteStep } from "../model/model.ts";
import { evaluate } from "../model/template.ts";
import type { Outcome } from "./request/outcome.ts";
import { sendPage, sendText } from "./response/own-response.ts";
import { proxyRequest } from "./proxy/proxy-request.ts";
import type { RequestState } from "./request/request-state.ts";

/** nginx allows as many changes of the URI for one request. */
const mostRedirects = 10;

/** Takes a request through the phases of its server to its response. Resolves when the response was handed over. */
export async function handleRequest(state: RequestState): Promise<void> {
  let outcome = await fromServer(state);
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
        outcome = await redirected(state, outcome.to);
        break;
      case "status":
        outcome = await special(state, outcome);
        break;
    }
  }
}

async function fromServer(state: RequestState): Promise<Outcome> {
  state.location = undefined;
  const ended = runSteps(state, state.server.steps);
  if (ended !== undefined) return ended;
  const found = findLocation(state.server.locations, state.uri);
  if (found.kind === "none") return { kind: "status", status: 404 };
  if (found.kind === "redirect") {
    const location = state.args === "" ? found.path : `${found.path}?${state.args}`;
    return { kind: "status", status: 301, location };
  }
  if (found.captures !== undefined) keepCaptures(state, found.captures);
  return inLocation(state, found.value);
}

async function inLocation(state: RequestState, location: LocationModel): Promise<Outcome> {
  if (location.internal && !state.isInternal) return { kind: "status", status: 404 };
  state.location = location;
  state.request.socket.setTimeout(location.settings.sendTimeoutMs);
  const { maxBodyBytes } = location.settings;
  const announced = Number(state.headerValues("content-length")[0] ?? 0);
  if (!state.isInternal && maxBodyBytes > 0 && announced > maxBodyBytes) {
    state.logError(`client intended to send too large body: ${announced} bytes`);
    return { kind: "status", status: 413 };
  }
  const ended = runSteps(state, location.steps);
  if (ended !== undefined) return ended;
  if (!isLetIn(location.settings.access, state.connection.remoteAddress)) {
    state.logError("access forbidden by rule");
    return { kind: "status", status: 403 };
  }
  if (location.proxy === undefined) return withoutHandler(state);
  return proxyRequest(state, location, location.proxy);
}

/** No files are served: nginx's own page stands for an error page that would be one. */
function withoutHandler(state: RequestState): Outcome {
  if (!state.tookErrorPage || state.errorStatus === undefined) return { kind: "status", status: 404 };
  sendPage(state, state.errorStatus);
  return { kind: "sent" };
}

function runSteps(state: RequestState, steps: readonly RewriteStep[]): Outcome | undefined {
  for (const step of steps) {
    if (step.kind === "set") {
      state.own.set(step.name, evaluate(step.value, state));
      if (step.name === "args") state.args = state.own.get("args") ?? "";
      continue;
    }
    if (step.kind === "if") {
      const ended = step.condition(state) ? runSteps(state, step.steps) : undefined;
      if (ended !== undefined) return ended;
      continue;
    }
    const { status } = step;
    if (status === 444) return { kind: "close", status: 444 };
    // The text may speak of the status it is sent with.
    state.status = state.errorStatus ?? status;
    const text = step.text === undefined ? "" : evaluate(step.text, state);
    if (isRedirect(status)) return { kind: "status", status, location: text };
    if (step.text === undefined && status >= 400) return { kind: "status", status };
    sendText(state, status, text);
    return { kind: "sent" };
  }
  return undefined;
}

/** nginx's `ngx_http_special_response_handler`: an error page of the location, or nginx's own. */
async function special(
  state: RequestState,
  { status, location }: Extract<Outcome, { kind: "status" }>,
): Promise<Outcome> {
  state.errorStatus = undefined;
  const page = state.errorPageFor(status);
  if (page === undefined) {
    sendPage(state, status, location);
    return { kind: "sent" };
  }
  if (!state.settings.recursiveErrorPages) state.tookErrorPage = true;
  const target = evaluate(page.target, state);
  if (!/^[/@]/.test(target)) {
    const code = typeof page.overwrite === "number" && isRedirect(page.overwrite) ? page.overwrite : 302;
    sendPage(state, code, target);
    return { kind: "sent" };
  }
  state.errorStatus = page.overwrite === "page's own" ? undefined : (page.overwrite ?? status);
  state.status = state.errorStatus ?? 0;
  if (target.startsWith("/") && state.method !== "HEAD") state.method = "GET";
  return redirected(state, target);
}

async function redirected(state: RequestState, to: string): Promise<Outcome> {
  state.redirects += 1;
  if (state.redirects > mostRedirects) {
    state.logError(`rewrite or internal redirection cycle while internally redirecting to "${to}"`);
    state.tookErrorPage = true;
    return { kind: "status", status: 500 };
  }
  state.isInternal = true;
  if (to.startsWith("@")) {
    const location = state.server.named.get(to);
    return location === undefined ? { kind: "status", status: 500 } : inLocation(state, location);
  }
  const mark = to.indexOf("?");
  state.uri = mark === -1 ? to : to.slice(0, mark);
  state.args = mark === -1 ? "" : to.slice(mark + 1);
  return fromServer(state);
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}
