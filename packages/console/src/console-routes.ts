import type { IncomingMessage } from "node:http";
import { type PageFiles, readPageFiles } from "./page-files.ts";
import { assetResponse, type ConsoleResponse, jsonResponse, pageResponse } from "./page-response.ts";

/** One of the console's routes, as the balancer is to serve it. */
export interface ConsoleRoute {
  /** False: the page itself, which has to be there before it can ask for a key. */
  readonly needsKey: boolean;
  respond(): ConsoleResponse | Promise<ConsoleResponse>;
}

/** Finds the route of a request; undefined for all that is not the console's. */
export type ConsoleRoutes = (request: IncomingMessage, path: string) => ConsoleRoute | undefined;

const ASSETS = "/console/assets/";

/**
 * The console's routes: the page at `/` for browsers and at `/console/` for everybody, and its files below `/console/assets/`.
 * Who asks `/` for anything but HTML gets what the server itself says there.
 */
export function createConsole(files: PageFiles = readPageFiles()): ConsoleRoutes {
  return (request, path) => {
    const { headers, method } = request;
    if (path !== "/" && path !== "/console" && !path.startsWith("/console/")) return undefined;
    // Whatever else is asked of `/` is the server's own business.
    if (method !== "GET" && method !== "HEAD") return path === "/" ? undefined : open(wrongMethod(path));
    if (path === "/") return prefersHtml(headers.accept) ? open(pageResponse(files, "./", headers)) : undefined;
    if (path === "/console/") return open(pageResponse(files, "../", headers));
    if (path === "/console") return open(redirect("console/"));
    const name = path.startsWith(ASSETS) ? path.slice(ASSETS.length) : undefined;
    const file = name === undefined ? undefined : files.get(name);
    return open(name === undefined || file === undefined ? unknownFile(path) : assetResponse(file, name, headers));
  };
}

function open(response: ConsoleResponse | undefined): ConsoleRoute | undefined {
  return response === undefined ? undefined : { needsKey: false, respond: () => response };
}

/** Browsers name HTML first; `curl` and clients of the API name it not at all. */
function prefersHtml(accept = ""): boolean {
  return /text\/html|application\/json|text\/plain/i.exec(accept)?.[0].toLowerCase() === "text/html";
}

function redirect(location: string): ConsoleResponse {
  return { status: 308, contentType: "text/plain", body: "", headers: ["Location", location] };
}

function unknownFile(path: string): ConsoleResponse {
  return refusal(404, "unknown_file", `the page has no file ${path}; reload it to get the present one`);
}

function wrongMethod(path: string): ConsoleResponse {
  const response = refusal(405, "method_not_allowed", `${path} can only be read`);
  return { ...response, headers: [...response.headers, "Allow", "GET, HEAD"] };
}

function refusal(status: number, code: string, message: string): ConsoleResponse {
  return jsonResponse(status, { error: { message, type: "proxy_request_error", code, param: null } });
}
