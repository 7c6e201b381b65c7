import { lookup, Resolver } from "node:dns/promises";
import type { ResolverModel } from "../../model/model.ts";

export interface FoundAddress {
  readonly address: string;
  readonly ttlMs: number;
}

/** As the system resolves at the start; nothing when there is no such name. */
export async function lookupName(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, verbatim: true }).catch(() => []);
  return found.map(({ address }) => address);
}

/** All addresses by the name servers of a `resolver`; nothing when there is no such name. */
export async function resolveName(name: string, model: ResolverModel): Promise<readonly FoundAddress[]> {
  const resolver = new Resolver({ timeout: model.timeoutMs, tries: 1 });
  resolver.setServers(model.servers);
  const [v4, v6] = await Promise.all([
    model.ipv4 ? resolver.resolve4(name, { ttl: true }).catch(() => []) : [],
    model.ipv6 ? resolver.resolve6(name, { ttl: true }).catch(() => []) : [],
  ]);
  return [...v4, ...v6].map(({ address, ttl }) => ({ address, ttlMs: ttl * 1000 }));
}
