import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { KeyUse } from "@drover/balancer";
import { type WorkerActions, workerActions } from "@drover/contract/admin";
import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import { SupervisorError } from "../errors.ts";
import type { Logs } from "../logs.ts";
import type { DroverStatus } from "./drover-status.ts";

/** What the admin API can ask for. Each throws SupervisorError `refused` with the reason. */
export interface AdminActions extends WorkerActions {
  readonly status: () => Promise<DroverStatus>;
  /** A request that has ended lately, or without an id the last ones. */
  readonly explain: (id: string | undefined) => RequestRecord | readonly RequestSummary[];
  /** Responds at once; the process ends after it. */
  readonly stop: () => void;
  /** Use and limits of each API key. */
  readonly keys: () => readonly KeyUse[];
  readonly logs: Pick<Logs, "recent" | "follow">;
}

type Handler = (call: Call) => unknown;

interface Call {
  readonly query: URLSearchParams;
  readonly worker: string | undefined;
  readonly response: ServerResponse;
}

/** The admin API as an HTTP server, not listening yet. Whoever can open its socket may do all of it. */
export function createAdminServer(actions: AdminActions): Server {
  const routes: Record<string, Handler> = {
    "GET /status": () => actions.status(),
    "GET /keys": () => ({ keys: actions.keys() }),
    "GET /logs": async (call) => {
      if (call.worker !== undefined) requireKnown(call.worker, await actions.status(), actions.logs);
      sendLogs(actions.logs, call);
    },
    "GET /explain": ({ query }) => actions.explain(query.get("id") ?? undefined),
    "POST /stop": () => actions.stop(),
  };
  for (const [name, perform] of Object.entries(workerActions))
    routes[`POST /${name}`] = ({ query }) => perform(actions, query);
  const called = new WeakSet<object>();
  const server = createServer((request, response) => {
    // No command sends a second call behind the first, nor a body.
    if (called.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    called.add(request.socket);
    response.shouldKeepAlive = false;
    void respond(routes, request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = HEAD_TIMEOUT_MS;
  return server;
}

/** A flood by this user's own programs costs them their calls, and no memory that requests need. */
const MOST_CONNECTIONS = 64;
const HEAD_TIMEOUT_MS = 10_000;

const BASE = "http://admin";

async function respond(
  routes: Readonly<Record<string, Handler>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? "/";
  const url = URL.canParse(target, BASE) ? new URL(target, BASE) : undefined;
  const handler = url && routes[`${request.method} ${url.pathname}`];
  if (url === undefined || handler === undefined)
    return sendJson(response, 404, { error: `no such call: ${request.method} ${target}` });
  try {
    const worker = url.searchParams.get("worker") ?? undefined;
    const result = await handler({ query: url.searchParams, worker, response });
    if (!response.headersSent) sendJson(response, 200, result ?? {});
  } catch (error) {
    if (!response.headersSent) sendJson(response, 409, { error: (error as Error).message });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

/** One that was taken away may still have lines. */
function requireKnown(worker: string, { workers }: DroverStatus, logs: AdminActions["logs"]): void {
  if (workers.some(({ id }) => id === worker) || logs.recent().some((line) => isOf(worker, line))) return;
  const known = workers.map(({ id }) => id).join(", ");
  throw new SupervisorError("refused", `there is no worker "${worker}"; there are ${known}`);
}

function isOf(worker: string, line: string): boolean {
  return line.includes(`"worker":"${worker}"`);
}

/** A reader that does not keep up is cut off: lines must not pile up in memory. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

function sendLogs(logs: AdminActions["logs"], { query, worker, response }: Call): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const isMeant = (line: string) => worker === undefined || isOf(worker, line);
  const count = Number(query.get("lines") ?? 100);
  const recent = logs.recent().filter(isMeant);
  response.write(recent.slice(Math.max(0, recent.length - count)).join(""));
  if (query.get("follow") !== "1") {
    response.end();
    return;
  }
  const leave = logs.follow((line) => {
    if (!isMeant(line)) return;
    response.write(line);
    if (response.writableLength > MOST_WAITING_BYTES) response.destroy();
  });
  response.on("close", leave);
}
