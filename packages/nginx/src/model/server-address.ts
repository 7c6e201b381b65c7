import { isIP } from "node:net";
import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import type { UpstreamGroupModel, UpstreamServerModel } from "./model.ts";

/** What `server` without parameters has. */
export const serverDefaults = {
  resolve: false,
  weight: 1,
  maxConns: 0,
  maxFails: 1,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  backup: false,
  down: false,
};

/** Makes the group that nginx makes by itself for `proxy_pass http://host:port`. */
export function implicitGroup(
  name: string,
  position: ConfigPosition,
  address: UpstreamServerModel["address"],
): UpstreamGroupModel {
  const server = { position, address, ...serverDefaults };
  const unkept = { keepalive: undefined, keepaliveLocal: false, resolver: undefined };
  return { name, position, policy: "round_robin", key: undefined, servers: [server], ...unkept };
}

/** `127.0.0.1:8081`, `[::1]`, `unix:/path`, `name:port`. @throws NginxConfigError as nginx's `ngx_parse_url` words it. */
export function parseServerAddress(
  word: string,
  position: ConfigPosition,
  defaultPort = 80,
): UpstreamServerModel["address"] {
  if (word.startsWith("unix:")) {
    const path = word.slice("unix:".length);
    if (path === "") throw NginxConfigError.at(position, `no path in the unix domain socket in upstream "${word}"`);
    return { kind: "unix", path };
  }
  const [, bracketed, plain = "", portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(word) ?? [];
  const host = bracketed ?? plain;
  const port = portText === undefined ? defaultPort : Number(portText);
  if (host === "") throw NginxConfigError.at(position, `no host in upstream "${word}"`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || portText === "") {
    throw NginxConfigError.at(position, `invalid port in upstream "${word}"`);
  }
  if (bracketed !== undefined && isIP(host) !== 6) {
    throw NginxConfigError.at(position, `invalid IPv6 address in upstream "${word}"`);
  }
  return isIP(host) === 0 ? { kind: "name", name: host, port } : { kind: "ip", host, port };
}
