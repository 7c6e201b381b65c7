import { isLoopbackAddress } from "@drover/foundation/network/addresses";
import type { Logger } from "pino";
import { socketPathProblem } from "@drover/foundation/socket-path";
import { ListenError } from "../errors.ts";

/** Where to listen, as `server.listen` takes it. */
export type ListenTarget =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number };

/** Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT` or `unix:/path`; several with commas. @throws ListenError */
export function parseListen(text: string): readonly ListenTarget[] {
  return text.split(",").map((part) => parseOne(part.trim()));
}

/** What can be known without listening. @throws ListenError for a path at which no socket can be made */
export function checkTarget(target: ListenTarget): void {
  const problem = "path" in target ? socketPathProblem(target.path) : undefined;
  if (problem !== undefined && "path" in target) {
    throw new ListenError(`can't listen on unix:${target.path}: ${problem}; choose another path with --listen`);
  }
}

/** For a server without API keys: whoever reaches its port can use the models. */
export function warnIfOpen(bound: readonly { address: string; port: number }[], logger: Logger): void {
  const open = bound.find(({ address }) => !isLocal(address));
  if (open === undefined) return;
  logger.warn(
    { address: open.address, port: open.port },
    `port ${open.port} can be reached from other machines and no API key is set: whoever reaches it can use the models; set --api-key or --api-keys-file`,
  );
}

/** Only this machine can reach it: `address` as the socket says it, a path where it is none of IP. */
function isLocal(address: string): boolean {
  return isLoopbackAddress(address) || address.includes("/") || address === "";
}

function parseOne(text: string): ListenTarget {
  if (text.startsWith("unix:")) return { path: text.slice(5) };
  const match = /^(?:\[([^\]]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ListenError(`can't listen on "${text}": expected HOST:PORT, [IPV6]:PORT or unix:/path`);
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" || host === "*" ? "0.0.0.0" : host, port };
}
