import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ProxyError } from "../error-envelope.ts";
import { hostName } from "./host-name.ts";
import { isLoopback } from "./listen-address.ts";

/** Names that containers have for the machine they run on. */
const ownNames: ReadonlySet<string> = new Set(["localhost", "host.docker.internal", "host.containers.internal"]);

/**
 * Refuses a browser that came to this machine's loopback address by a name that is not one of this machine: a page whose name was pointed at 127.0.0.1 (DNS
 * rebinding) could use the models and read the responses as its own. Where keys are set, such a page has none. Browsers alone are asked: nothing else runs a
 * stranger's page, and all of them send `Accept-Language`, which no page can take away.
 */
export function hostProblem(request: IncomingMessage, allowed: readonly string[]): ProxyError | undefined {
  const { host, "accept-language": language } = request.headers;
  const { localAddress } = request.socket;
  // No page reaches a unix socket.
  if (host === undefined || language === undefined || localAddress === undefined) return undefined;
  if (!isLoopback(plain(localAddress))) return undefined;
  const name = hostName(host, "strict") ?? "";
  if (isIP(name.replace(/^\[|\]$/g, "")) !== 0 || ownNames.has(name) || name.endsWith(".localhost")) return undefined;
  if (allowed.some((each) => each.toLowerCase() === name)) return undefined;
  return {
    status: 403,
    message: `"${name}" is not known as a name of this machine; if it is one, add it to allowedHosts`,
    code: "host_not_allowed",
  };
}

/** An IPv4 address on an IPv6 socket is the IPv4 one. */
function plain(address: string): string {
  return address.replace(/^::ffff:/, "");
}
