import { type KeepaliveRule, type PolicyName, type PolicyDefinition, policies } from "@drover/balancer/engine";
import { type ConfigPosition, NginxConfigError, nowhere } from "../errors.ts";
import type { NginxCompat, UpstreamGroupModel, UpstreamServerModel } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter, Scope } from "../read/scope.ts";
import { compileTemplate, type OwnVariables, type Template } from "../model/template.ts";
import { parseServerAddress, serverDefaults } from "../model/server-address.ts";
import { readResolver } from "./resolver.ts";
import { parseTime } from "../read/units.ts";

/** @throws NginxConfigError as nginx would. */
export function translateUpstream(
  directive: Directive,
  http: Scope,
  own: OwnVariables,
  compat: NginxCompat,
  warnings: string[],
): UpstreamGroupModel {
  const { position, args, block = [] } = directive;
  const name = args[0] ?? "";
  const scope = new Scope(block, http);
  const servers = scope.own("server").map(translateServer);
  if (servers.length === 0) throw NginxConfigError.at(position, "no servers are inside upstream");
  const method = block.findLast((inner) => methods.has(inner.name));
  for (const inner of redefining(block)) {
    warnings.push(`load balancing method redefined in ${inner.position.file}:${inner.position.line}`);
  }
  const { policy, key } = method === undefined ? roundRobin : translateMethod(method, own);
  const backup = scope.own("server").find(({ args }) => args.includes("backup"));
  if (backup !== undefined && policy !== "least_conn" && policy !== "round_robin") {
    throw NginxConfigError.at(backup.position, 'balancing method does not support parameter "backup"');
  }
  return {
    name,
    position,
    policy,
    key,
    servers,
    ...translateKeepalive(scope, compat),
    resolver: readResolver(scope),
  };
}

/** Methods behind another one or behind `keepalive`: nginx takes the last and warns. */
function redefining(block: readonly Directive[]): readonly Directive[] {
  const settings = block.filter(({ name }) => methods.has(name) || name === "keepalive");
  return settings.filter(({ name }, index) => index > 0 && methods.has(name));
}

const methods = new Set(["least_conn", "ip_hash", "hash", "random"]);
const roundRobin: Method = { policy: "round_robin", key: undefined };

interface Method {
  readonly policy: PolicyName;
  readonly key: Template | undefined;
}

function translateMethod({ name, args, position }: Directive, own: OwnVariables): Method {
  const directive = [name, ...args];
  for (const policy of Object.keys(policies) as PolicyName[]) {
    const { parse }: PolicyDefinition = policies[policy];
    const read = parse?.(directive);
    if (read === undefined) continue;
    return { policy, key: read.key === undefined ? undefined : compileTemplate(read.key, own, position) };
  }
  throw invalidParameter(position, args.at(-1) ?? "");
}

function translateKeepalive(
  scope: Scope,
  compat: NginxCompat,
): { readonly keepalive: KeepaliveRule | undefined; readonly keepaliveLocal: boolean } {
  const [directive] = scope.own("keepalive");
  if (directive === undefined && compat === "1.22") return { keepalive: undefined, keepaliveLocal: false };
  const [text = "32", local] = directive?.args ?? [];
  const position = directive?.position ?? nowhere;
  if (!/^\d{1,6}$/.test(text) || (text === "0" && compat === "1.22")) {
    throw NginxConfigError.at(position, `invalid value "${text}" in "keepalive" directive`);
  }
  if (local !== undefined && local !== "local") throw invalidParameter(position, local);
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

function translateServer({ args, position }: Directive): UpstreamServerModel {
  const [written = "", ...words] = args;
  const parameters = { ...serverDefaults };
  for (const word of words) {
    if (word === "backup" || word === "down" || word === "resolve") parameters[word] = true;
    else readParameter(parameters, word, position);
  }
  const address = parseServerAddress(written, position);
  if (parameters.resolve && address.kind !== "name") parameters.resolve = false;
  return { position, address, ...parameters };
}

function readParameter(parameters: typeof serverDefaults, word: string, position: ConfigPosition): void {
  const [name = "", value = ""] = word.split(/=(.*)/s);
  const seconds = parseTime(value, "s");
  const count = /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  if (name === "weight" && count !== undefined && count > 0) parameters.weight = count;
  else if (name === "max_conns" && count !== undefined) parameters.maxConns = count;
  else if (name === "max_fails" && count !== undefined) parameters.maxFails = count;
  else if (name === "fail_timeout" && seconds !== undefined) parameters.failTimeoutMs = seconds;
  else if (name === "slow_start" && seconds !== undefined) parameters.slowStartMs = seconds;
  else if (name === "service" || name === "route") {
    throw NginxConfigError.unsupported(
      position,
      `parameter "${name}" of server`,
      "give the servers' addresses and ports",
    );
  } else throw invalidParameter(position, word);
}
