import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { respond, type Ask } from "./respond.ts";
import { changeScript, type FakeScript } from "./script.ts";
import { createTimeline } from "./timeline.ts";

/** What `GET /fake/stats` says. */
export interface FakeStats {
  /** Generation requests that came. */
  requests: number;
  /** Of these, still unanswered. */
  active: number;
  maxActive: number;
  /** Sent to the last byte. */
  completed: number;
  /** The client left (or the script cut it) before. */
  aborted: number;
  tokens: number;
}

/** The worker's state, shared by HTTP and IPC. */
export interface FakeState {
  script: FakeScript;
  readonly stats: FakeStats;
}

/**
 * OpenAI's routes as scripted, /health, and for tests `GET /fake/stats`, `GET /fake/script` and `POST /fake/script`.
 * @param secret demanded in the header `x-drover-secret`, where given
 */
export function createFakeServer(state: FakeState, secret: string | undefined): Server {
  const timeline = createTimeline();
  const waiting: (() => void)[] = [];
  const held: (() => void)[] = [];
  const places = { busy: 0 };
  const serve = (request: IncomingMessage, response: ServerResponse, body: string) => {
    const script = scriptOf(state.script, request);
    arrive(state);
    const begin = () => {
      places.busy += 1;
      const on = {
        token: () => countToken(state),
        end: () => {
          places.busy -= 1;
          leave(state, response);
          waiting.shift()?.();
        },
      };
      const go = () => {
        if (response.destroyed) on.end();
        else respond(askOf(request, body, script, state.stats.requests), script, response, timeline, on);
      };
      if (script.hold) held.push(go);
      else go();
    };
    if (script.queue && places.busy >= script.slots) waiting.push(begin);
    else begin();
  };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      const given = request.headers["x-drover-secret"];
      if (secret !== undefined && given !== secret) sendJson(response, 401, { error: { message: "wrong secret" } });
      else if (!answerSmallRoute(state, request, response, body)) serve(request, response, body);
      if (!state.script.hold) for (const go of held.splice(0)) go();
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

function scriptOf(script: FakeScript, request: IncomingMessage): FakeScript {
  const own = request.headers["x-fake-script"];
  return typeof own === "string" ? changeScript(script, own) : script;
}

function arrive(state: FakeState): void {
  const { stats, script } = state;
  stats.requests += 1;
  stats.active += 1;
  stats.maxActive = Math.max(stats.maxActive, stats.active);
  if (stats.requests === script.crashAfterRequests) process.kill(process.pid, "SIGKILL");
  // Atomics.wait stops the entire thread, as a hung native call does, and costs no CPU.
  if (stats.requests === script.blockAfterRequests) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function countToken(state: FakeState): void {
  state.stats.tokens += 1;
  if (state.stats.tokens === state.script.crashAfterTokens) process.kill(process.pid, "SIGKILL");
}

function leave(state: FakeState, response: ServerResponse): void {
  state.stats.active -= 1;
  if (response.writableFinished) state.stats.completed += 1;
  else state.stats.aborted += 1;
}

/** Everything but generation. Returns whether the request was one of these. */
function answerSmallRoute(state: FakeState, request: IncomingMessage, response: ServerResponse, body: string): boolean {
  const { script, stats } = state;
  const path = (request.url ?? "").split("?")[0];
  switch (`${request.method} ${path}`) {
    case "GET /health": {
      const health = {
        status: "ok",
        slots_idle: Math.max(0, script.slots - stats.active),
        slots_processing: stats.active,
      };
      if (script.response === "never") return true;
      sendJson(response, script.response === "status" ? script.status : 200, health);
      return true;
    }
    case "GET /v1/models":
      setTimeout(sendJson, script.modelsMs, response, 200, { object: "list", data: [{ id: "fake", object: "model" }] });
      return true;
    case "GET /v1/models/fake":
      sendJson(response, 200, { id: "fake", object: "model" });
      return true;
    case "GET /api/tags":
      sendJson(response, 200, { models: [{ name: "fake" }] });
      return true;
    case "GET /fake/stats":
      sendJson(response, 200, stats);
      return true;
    case "GET /fake/script":
      sendJson(response, 200, script);
      return true;
    case "POST /fake/script":
      state.script = changeScript(script, body);
      sendJson(response, 200, state.script);
      return true;
    case "POST /v1/chat/completions":
    case "POST /v1/completions":
      return false;
    default:
      sendJson(response, 404, { error: { message: `no route ${path}`, type: "invalid_request_error" } });
      return true;
  }
}

function askOf(request: IncomingMessage, body: string, script: FakeScript, number: number): Ask {
  const asked = JSON.parse(body) as {
    stream?: boolean;
    max_tokens?: number;
    max_completion_tokens?: number;
    stream_options?: { include_usage?: boolean };
  };
  return {
    id: `fake-${process.pid}-${number}`,
    chat: (request.url ?? "").startsWith("/v1/chat"),
    stream: asked.stream === true,
    tokens: Math.min(script.tokens, asked.max_completion_tokens ?? asked.max_tokens ?? script.tokens),
    promptTokens: Math.ceil(body.length / 4),
    includeUsage: asked.stream_options?.include_usage === true,
    startMs: performance.now(),
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
