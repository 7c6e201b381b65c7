import { isIP } from "node:net";
import { NginxConfigError } from "../errors.ts";
import type { ResolverModel } from "../model/model.ts";
import type { Scope } from "../read/scope.ts";
import { parseTime } from "../read/units.ts";

/** The nearest `resolver` with its timeout; undefined where none is set. @throws NginxConfigError */
export function readResolver(scope: Scope): ResolverModel | undefined {
  const directive = scope.one("resolver");
  if (directive === undefined) return undefined;
  const { args, position } = directive;
  const servers: string[] = [];
  let validMs: number | undefined;
  let ipv4 = true;
  let ipv6 = true;
  for (const word of args) {
    const [name, value = ""] = word.split("=");
    if (name === "valid") {
      validMs = parseTime(value, "s");
      if (validMs === undefined) throw NginxConfigError.at(position, `invalid parameter: ${word}`);
    } else if (name === "ipv6" && /^(?:on|off)$/.test(value)) ipv6 = value === "on";
    else if (name === "ipv4" && /^(?:on|off)$/.test(value)) ipv4 = value === "on";
    else if (name === "status_zone") continue;
    else servers.push(word);
  }
  for (const server of servers) {
    const [, bracketed, plain = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(server) ?? [];
    if (isIP(bracketed ?? plain) === 0) throw NginxConfigError.at(position, `host not found in resolver "${server}"`);
  }
  if (servers.length === 0) throw NginxConfigError.at(position, "no name servers defined");
  if (!ipv4 && !ipv6) throw NginxConfigError.at(position, '"ipv4" and "ipv6" cannot both be "off"');
  return { servers, validMs, ipv4, ipv6, timeoutMs: scope.timeMs("resolver_timeout", 30_000) };
}
