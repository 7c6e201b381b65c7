import { NginxConfigError } from "../errors.ts";
import type { AddressModel, ListenerModel, ServerModel } from "../model/model.ts";
import { ServerNames } from "../model/server-names.ts";
import type { Listen } from "./listen.ts";
import type { TranslatedServer } from "./server.ts";

/** A server, and one of its `listen`s. */
interface Member {
  readonly server: TranslatedServer;
  readonly listen: Listen;
}

/** Who listens on one address: the first in the file decides what it is. */
type Members = [Member, ...Member[]];

/**
 * The sockets to open: one for each address and port, but `127.0.0.1:80` beside `*:80` shares that one's, unless it has socket options
 * of its own. The first server of an address is its default one where none says `default_server`.
 * @throws NginxConfigError for two default servers, and for TLS without a certificate.
 */
export function groupListeners(servers: readonly TranslatedServer[], warnings: string[]): ListenerModel[] {
  const gathered = new Map<string, Members>();
  for (const server of servers) {
    for (const listen of server.listens) {
      const known = gathered.get(listen.label);
      if (known === undefined) gathered.set(listen.label, [{ server, listen }]);
      else known.push({ server, listen });
    }
  }
  const addresses = [...gathered.values()].map((members) => ({ members, model: toAddress(members, warnings) }));
  return addresses.flatMap(({ members, model }) => {
    const [{ listen }] = members;
    const wildcard = wildcardLabel(listen);
    if (wildcard !== undefined && gathered.has(wildcard) && !members.some(({ listen }) => listen.ownSocket)) return [];
    const byLocalAddress = new Map<string, AddressModel>();
    for (const {
      members: [other],
      model,
    } of addresses) {
      const { address } = other.listen;
      if (address.kind === "tcp" && wildcardLabel(other.listen) === listen.label)
        byLocalAddress.set(address.host, model);
    }
    const backlog = members.find((member) => member.listen.backlog !== undefined)?.listen.backlog;
    return [{ address: listen.address, label: listen.label, backlog, byLocalAddress, otherwise: model }];
  });
}

function wildcardLabel({ address }: Listen): string | undefined {
  if (address.kind === "unix" || address.host === "0.0.0.0" || address.host === "::") return undefined;
  return address.host.includes(":") ? `[::]:${address.port}` : `0.0.0.0:${address.port}`;
}

function toAddress(members: Members, warnings: string[]): AddressModel {
  const { label } = members[0].listen;
  const [chosen = members[0], second] = members.filter((member) => member.listen.isDefault);
  if (second !== undefined) {
    throw NginxConfigError.at(second.listen.position, `a duplicate default server for ${label}`);
  }
  const names = new ServerNames<ServerModel>(chosen.server.model);
  for (const { server } of members) {
    for (const name of server.names) {
      if (names.add(name, server.model)) continue;
      warnings.push(`conflicting server name "${nameText(name)}" on ${label}, ignored`);
    }
  }
  const tls = members.some((member) => member.listen.tls);
  if (tls) checkCertificates(members);
  const servers = members.map(({ server }) => server.model);
  return { tls, defaultServer: chosen.server.model, servers, names };
}

function nameText(name: TranslatedServer["names"][number]): string {
  if (name.kind === "regex") return name.regex.pattern;
  return `${name.kind === "leading" ? "*" : ""}${name.text}${name.kind === "trailing" ? "*" : ""}`;
}

function checkCertificates(members: Members): void {
  for (const { server, listen } of members) {
    if (server.model.tls === undefined) {
      throw NginxConfigError.at(listen.position, 'no "ssl_certificate" is defined for the "listen ... ssl" directive');
    }
  }
}
