import { NginxConfigError } from "../errors.ts";
import type { AddressModel, ListenerModel, ServerModel } from "../model/model.ts";
import { ServerNames } from "../model/server-names.ts";
import type { Listen } from "./listen.ts";
import type { TranslatedServer } from "./server.ts";

interface Gathered {
  readonly listen: Listen;
  readonly members: { server: TranslatedServer; listen: Listen }[];
}

/**
 * The sockets to open: one for each address and port, but `127.0.0.1:80` beside `*:80` shares that one's, unless it has socket options
 * of its own. The first server of an address is its default one where none says `default_server`.
 * @throws NginxConfigError for two default servers, and for TLS without a certificate.
 */
export function groupListeners(servers: readonly TranslatedServer[], warnings: string[]): ListenerModel[] {
  const gathered = new Map<string, Gathered>();
  for (const server of servers) {
    for (const listen of server.listens) {
      const known = gathered.get(listen.label);
      if (known === undefined) gathered.set(listen.label, { listen, members: [{ server, listen }] });
      else known.members.push({ server, listen });
    }
  }
  const addresses = new Map([...gathered].map(([label, group]) => [label, toAddress(group, warnings)] as const));
  return [...gathered.values()].flatMap((group) => {
    const wildcard = wildcardLabel(group.listen);
    if (wildcard !== undefined && gathered.has(wildcard) && !group.members.some(({ listen }) => listen.ownSocket))
      return [];
    return [toListener(group, gathered, addresses)];
  });
}

function toListener(
  { listen, members }: Gathered,
  gathered: ReadonlyMap<string, Gathered>,
  addresses: ReadonlyMap<string, AddressModel>,
): ListenerModel {
  const byLocalAddress = new Map<string, AddressModel>();
  for (const [label, other] of gathered) {
    const { address } = other.listen;
    const servers = addresses.get(label);
    if (address.kind !== "tcp" || servers === undefined || wildcardLabel(other.listen) !== listen.label) continue;
    byLocalAddress.set(address.host, servers);
  }
  const otherwise = addresses.get(listen.label);
  if (otherwise === undefined) throw new Error(`no servers on ${listen.label}`);
  const backlog = members.find((member) => member.listen.backlog !== undefined)?.listen.backlog;
  return { address: listen.address, label: listen.label, backlog, byLocalAddress, otherwise };
}

function wildcardLabel({ address }: Listen): string | undefined {
  if (address.kind === "unix" || address.host === "0.0.0.0" || address.host === "::") return undefined;
  return address.host.includes(":") ? `[::]:${address.port}` : `0.0.0.0:${address.port}`;
}

function toAddress({ listen, members }: Gathered, warnings: string[]): AddressModel {
  const defaults = members.filter((member) => member.listen.isDefault);
  const second = defaults[1];
  if (second !== undefined) {
    throw NginxConfigError.at(second.listen.position, `a duplicate default server for ${listen.label}`);
  }
  const chosen = defaults[0] ?? members[0];
  if (chosen === undefined) throw new Error(`no servers on ${listen.label}`);
  const names = new ServerNames<ServerModel>(chosen.server.model);
  for (const { server } of members) {
    for (const name of server.names) {
      if (names.add(name, server.model)) continue;
      warnings.push(`conflicting server name "${nameText(name)}" on ${listen.label}, ignored`);
    }
  }
  const tls = members.some((member) => member.listen.tls);
  if (tls) checkCertificates(members);
  const servers = members.map(({ server }) => server.model);
  return { tls, defaultServer: chosen.server.model, servers, names };
}

function nameText(name: TranslatedServer["names"][number]): string {
  if (name.kind === "leading") return `*${name.suffix}`;
  if (name.kind === "trailing") return `${name.prefix}*`;
  return name.kind === "exact" ? name.name : name.regex.pattern;
}

function checkCertificates(members: Gathered["members"]): void {
  for (const { server, listen } of members) {
    if (server.model.tls === undefined) {
      throw NginxConfigError.at(listen.position, 'no "ssl_certificate" is defined for the "listen ... ssl" directive');
    }
  }
}
