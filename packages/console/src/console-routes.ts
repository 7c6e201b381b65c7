import type { IncomingMessage } from "node:http";
import type { ConsoleState } from "@drover/contract/console-state";
import { adminResponse, type ConsoleAdmin } from "./admin-routes.ts";
import { type ConsoleExplain, explainResponse, isExplainPath } from "./explain-route.ts";
import { type PageFiles, readPageFiles } from "./page-files.ts";
import { assetResponse, type ConsoleResponse, jsonResponse, pageResponse, refusal } from "./page-response.ts";

/** One of the console's routes, as the balancer is to serve it. */
export interface ConsoleRoute {
  /** False: the page itself, which has to be there before it can ask for a key. */
  readonly needsKey: boolean;
  respond(): ConsoleResponse | Promise<ConsoleResponse>;
}

/** Finds the route of a request; undefined for all that is not the console's. */
export type ConsoleRoutes = (request: IncomingMessage, path: string) => ConsoleRoute | undefined;

export interface ConsoleOptions {
  /**
   * What `GET /console/state` sends, behind the API keys: what the program around the balancer knows of its workers. Slots and figures
   * the page reads from `/upstreams` and `/metrics`, which say them to everybody else too.
   */
  readonly state: () => ConsoleState | Promise<ConsoleState>;
  /** @default there are no actions */
  readonly admin?: ConsoleAdmin;
  /** @default requests are not explained */
  readonly explain?: ConsoleExplain;
}

const ASSETS = "/console/assets/";
const ADMIN = "/console/admin/";

/**
 * The console's routes: the page at `/` for browsers and at `/console/` for everybody, its files below `/console/assets/`, and what it asks
 * for. Who asks `/` for anything but HTML gets what the server itself says there.
 */
export function createConsole({ state, admin, explain }: ConsoleOptions): ConsoleRoutes {
  const files = readPageFiles();
  return (request, path) => {
    if (path === "/") return prefersHtml(request) ? open(pageResponse(files, "./", request.headers)) : undefined;
    if (explain !== undefined && isExplainPath(path)) {
      if (!isRead(request)) return open(wrongMethod(path, "GET, HEAD"));
      return { needsKey: true, respond: () => explainResponse(request, path, explain) };
    }
    if (path !== "/console" && !path.startsWith("/console/")) return undefined;
    if (path.startsWith(ADMIN) && admin !== undefined) {
      const action = path.slice(ADMIN.length);
      if (request.method !== "POST") return open(wrongMethod(path, "POST"));
      return { needsKey: true, respond: () => adminResponse(request, action, admin) };
    }
    if (!isRead(request)) return open(wrongMethod(path, "GET, HEAD"));
    if (path === "/console/state") return { needsKey: true, respond: async () => jsonResponse(200, await state()) };
    return open(pageRoute(request, path, files));
  };
}

function pageRoute({ headers, url }: IncomingMessage, path: string, files: PageFiles): ConsoleResponse | undefined {
  // Routes are listed without the slash at their end, on which the page's relative addresses depend.
  const hasSlash = (url ?? "").split("?")[0]?.endsWith("/") === true;
  if (path === "/console") return hasSlash ? pageResponse(files, "../", headers) : redirect("console/");
  const name = path.startsWith(ASSETS) ? path.slice(ASSETS.length) : undefined;
  const file = name === undefined ? undefined : files.get(name);
  if (name !== undefined && file !== undefined) return assetResponse(file, name, headers);
  return refusal(404, "unknown_file", `the page has no file ${path}; reload it to get the present one`);
}

function open(response: ConsoleResponse | undefined): ConsoleRoute | undefined {
  return response === undefined ? undefined : { needsKey: false, respond: () => response };
}

/** Browsers name HTML first; `curl` and clients of the API name it not at all. */
function prefersHtml(request: IncomingMessage): boolean {
  const first = /text\/html|application\/json|text\/plain/i.exec(request.headers.accept ?? "")?.[0];
  return isRead(request) && first?.toLowerCase() === "text/html";
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

function redirect(location: string): ConsoleResponse {
  return { status: 308, contentType: "text/plain", body: "", headers: ["Location", location] };
}

function wrongMethod(path: string, allowed: string): ConsoleResponse {
  const response = refusal(405, "method_not_allowed", `${path} takes ${allowed} only`);
  return { ...response, headers: [...response.headers, "Allow", allowed] };
}
