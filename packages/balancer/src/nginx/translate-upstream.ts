import { isIP } from "node:net";
import type { KeepaliveRule } from "../request/forward-task.ts";
import { type ConfigPlace, NginxConfigError } from "../errors.ts";
import type { PolicyName } from "../policies/registry.ts";
import type { NginxCompat, UpstreamGroupModel, UpstreamServerModel } from "./model.ts";
import type { Directive } from "./parse.ts";
import { invalidParameter, Scope } from "./scope.ts";
import { compileTemplate, type OwnVariables, type Template } from "./template.ts";
import { readResolver } from "./translate-resolver.ts";
import { parseTime } from "./units.ts";

/** @throws NginxConfigError as nginx would. */
export function translateUpstream(
  directive: Directive,
  http: Scope,
  own: OwnVariables,
  compat: NginxCompat,
): UpstreamGroupModel {
  const { place, args, block = [] } = directive;
  const name = args[0] ?? "";
  const scope = new Scope(block, http);
  const servers = scope.own("server").map(translateServer);
  if (servers.length === 0) throw NginxConfigError.at(place, "no servers are inside upstream");
  const method = block.find((inner) => methods.has(inner.name));
  const { policy, key } = method === undefined ? roundRobin : translateMethod(method, own);
  const backup = scope.own("server").find(({ args }) => args.includes("backup"));
  if (backup !== undefined && policy !== "least_conn" && policy !== "round_robin") {
    throw NginxConfigError.at(backup.place, 'balancing method does not support parameter "backup"');
  }
  return {
    name,
    place,
    policy,
    key,
    servers,
    ...translateKeepalive(scope, compat),
    resolver: readResolver(scope),
  };
}

/** Makes the group that nginx makes by itself for `proxy_pass http://host:port`. */
export function implicitGroup(
  name: string,
  place: ConfigPlace,
  address: UpstreamServerModel["address"],
): UpstreamGroupModel {
  const server = { place, written: name, address, resolve: false, ...serverDefaults };
  const unkept = { keepalive: undefined, keepaliveLocal: false, resolver: undefined };
  return { name, place, ...roundRobin, servers: [server], ...unkept };
}

/** `127.0.0.1:8081`, `[::1]`, `unix:/path`, `name:port`. @throws NginxConfigError as nginx's `ngx_parse_url` words it. */
export function parseServerAddress(word: string, place: ConfigPlace, defaultPort = 80): UpstreamServerModel["address"] {
  if (word.startsWith("unix:")) {
    const path = word.slice("unix:".length);
    if (path === "") throw NginxConfigError.at(place, `no path in the unix domain socket in upstream "${word}"`);
    return { kind: "unix", path };
  }
  const [, bracketed, plain = "", portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(word) ?? [];
  const host = bracketed ?? plain;
  const port = portText === undefined ? defaultPort : Number(portText);
  if (host === "") throw NginxConfigError.at(place, `no host in upstream "${word}"`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || portText === "") {
    throw NginxConfigError.at(place, `invalid port in upstream "${word}"`);
  }
  if (bracketed !== undefined && isIP(host) !== 6) {
    throw NginxConfigError.at(place, `invalid IPv6 address in upstream "${word}"`);
  }
  return isIP(host) === 0 ? { kind: "name", name: host, port } : { kind: "ip", host, port };
}

const methods = new Set(["least_conn", "ip_hash", "hash", "random"]);
const roundRobin: Method = { policy: "round_robin", key: undefined };

interface Method {
  readonly policy: PolicyName;
  readonly key: Template | undefined;
}

function translateMethod({ name, args, place }: Directive, own: OwnVariables): Method {
  const [first, second] = args;
  if (name === "least_conn" || name === "ip_hash") return { policy: name, key: undefined };
  if (name === "hash") {
    if (second !== undefined && second !== "consistent") throw invalidParameter(place, second);
    const key = compileTemplate(first ?? "", own, place);
    return { policy: second === undefined ? "hash" : "consistent_hash", key };
  }
  if (first === undefined) return { policy: "random", key: undefined };
  if (first !== "two" || (second !== undefined && second !== "least_conn")) {
    throw invalidParameter(place, first === "two" ? (second ?? "") : first);
  }
  return { policy: "random_two", key: undefined };
}

function translateKeepalive(
  scope: Scope,
  compat: NginxCompat,
): { readonly keepalive: KeepaliveRule | undefined; readonly keepaliveLocal: boolean } {
  const [directive] = scope.own("keepalive");
  if (directive === undefined && compat === "1.22") return { keepalive: undefined, keepaliveLocal: false };
  const [text = "32", local] = directive?.args ?? [];
  const place = directive?.place ?? { file: "", line: 0 };
  if (!/^\d{1,6}$/.test(text) || (text === "0" && compat === "1.22")) {
    throw NginxConfigError.at(place, `invalid value "${text}" in "keepalive" directive`);
  }
  if (local !== undefined && local !== "local") throw invalidParameter(place, local);
  if (text === "0") return { keepalive: undefined, keepaliveLocal: false };
  const inBlock = new Scope(
    ["keepalive_requests", "keepalive_timeout", "keepalive_time"].flatMap((name) => scope.own(name)),
  );
  const keepalive: KeepaliveRule = {
    connections: Number(text),
    requests: inBlock.count("keepalive_requests", 1000),
    idleTimeoutMs: inBlock.timeMs("keepalive_timeout", 60_000),
    lifetimeMs: inBlock.timeMs("keepalive_time", 3_600_000),
  };
  return { keepalive, keepaliveLocal: directive === undefined || local === "local" };
}

const serverDefaults = {
  weight: 1,
  maxConns: 0,
  maxFails: 1,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  backup: false,
  down: false,
};

type ServerParameters = { -readonly [K in keyof typeof serverDefaults]: (typeof serverDefaults)[K] } & {
  resolve: boolean;
};

function translateServer({ args, place }: Directive): UpstreamServerModel {
  const [written = "", ...words] = args;
  const parameters: ServerParameters = { ...serverDefaults, resolve: false };
  for (const word of words) {
    if (word === "backup" || word === "down" || word === "resolve") parameters[word] = true;
    else readParameter(parameters, word, place);
  }
  const address = parseServerAddress(written, place);
  if (parameters.resolve && address.kind !== "name") parameters.resolve = false;
  return { place, written, address, ...parameters };
}

function readParameter(parameters: ServerParameters, word: string, place: ConfigPlace): void {
  const [name = "", value = ""] = word.split(/=(.*)/s);
  const seconds = parseTime(value, "s");
  const count = /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  if (name === "weight" && count !== undefined && count > 0) parameters.weight = count;
  else if (name === "max_conns" && count !== undefined) parameters.maxConns = count;
  else if (name === "max_fails" && count !== undefined) parameters.maxFails = count;
  else if (name === "fail_timeout" && seconds !== undefined) parameters.failTimeoutMs = seconds;
  else if (name === "slow_start" && seconds !== undefined) parameters.slowStartMs = seconds;
  else if (name === "service" || name === "route") {
    throw NginxConfigError.unsupported(place, `parameter "${name}" of server`, "give the servers' addresses and ports");
  } else throw invalidParameter(place, word);
}
