import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { isLoopbackAddress, plainAddress } from "@drover/foundation/network/addresses";
import type { ProxyError } from "../error-envelope.ts";
import { hostName } from "./host-name.ts";

/** Names that containers have for the machine they run on. */
const ownNames: ReadonlySet<string> = new Set(["localhost", "host.docker.internal", "host.containers.internal"]);

/** Whose names and pages are let in beside this machine's own. */
interface PageRules {
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
}

/**
 * Refuses strangers' pages at this machine's loopback address. Where keys are set, such a page has none. Browsers alone are asked: nothing else runs a
 * stranger's page.
 */
export function pageProblem(request: IncomingMessage, rules: PageRules): ProxyError | undefined {
  const { localAddress } = request.socket;
  // No page reaches a unix socket.
  if (localAddress === undefined || !isLoopbackAddress(plainAddress(localAddress))) return undefined;
  return hostProblem(request, rules) ?? originProblem(request, rules);
}

/**
 * A page whose name was pointed at 127.0.0.1 (DNS rebinding) could use the models and read the responses as its own. All browsers send `Accept-Language`, which
 * no page can take away.
 */
function hostProblem({ headers }: IncomingMessage, { allowedHosts }: PageRules): ProxyError | undefined {
  const { host, "accept-language": language } = headers;
  if (host === undefined || language === undefined) return undefined;
  const name = hostName(host, "strict") ?? "";
  if (isOwnName(name) || isIP(bare(name)) !== 0 || isListed(name, allowedHosts)) return undefined;
  return {
    status: 403,
    message: `"${name}" is not known as a name of this machine; if it is one, add it to allowedHosts`,
    code: "host_not_allowed",
  };
}

/**
 * A page that is at home elsewhere could have the models work for it, though it can't read the responses: it may send a request without asking first, and its
 * browser says for whom. Programs that are made of pages (`tauri:`, `chrome-extension:`) are none.
 */
function originProblem({ headers }: IncomingMessage, { allowedHosts, corsOrigins }: PageRules): ProxyError | undefined {
  const { origin, "sec-fetch-site": site } = headers;
  if (origin === undefined || site === "same-origin") return undefined;
  if (corsOrigins.includes("*") || isListed(origin, corsOrigins)) return undefined;
  const [, written] = /^https?:\/\/(.*)$/i.exec(origin) ?? [];
  if (written === undefined && origin !== "null") return undefined;
  const name = hostName(written ?? "", "strict") ?? "";
  const isOwn = isOwnName(name) || (isIP(bare(name)) !== 0 && isLoopbackAddress(bare(name)));
  if (isOwn || isListed(name, allowedHosts)) return undefined;
  return {
    status: 403,
    message: `pages of ${origin} may not use this server; if they should, add it to cors.origins`,
    code: "origin_not_allowed",
  };
}

/** An address of version 6 without its brackets. */
function bare(name: string): string {
  return name.replace(/^\[|\]$/g, "");
}

function isOwnName(name: string): boolean {
  return ownNames.has(name) || name.endsWith(".localhost");
}

function isListed(name: string, listed: readonly string[]): boolean {
  return listed.some((each) => each.toLowerCase() === name.toLowerCase());
}
