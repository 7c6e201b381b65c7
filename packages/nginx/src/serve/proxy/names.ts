import { lookup, Resolver } from "node:dns/promises";
import type { ResolverModel } from "../../model/model.ts";

export interface FoundAddress {
  readonly address: string;
  readonly ttlMs: number;
}

/** How names become addresses. Passed in, so that tests need no name server of the world's. */
export interface Names {
  /** As the system resolves at the start; nothing when there is no such name. */
  lookup(name: string): Promise<readonly string[]>;
  /** By the name servers given. */
  query(name: string, type: 4 | 6, servers: readonly string[], timeoutMs: number): Promise<readonly FoundAddress[]>;
}

export const systemNames: Names = {
  async lookup(name) {
    try {
      return (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
    } catch {
      return [];
    }
  },
  async query(name, type, servers, timeoutMs) {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    resolver.setServers(servers);
    try {
      const found =
        type === 4 ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
      return found.map(({ address, ttl }) => ({ address, ttlMs: ttl * 1000 }));
    } catch {
      return [];
    }
  },
};

/** All addresses by the configured `resolver`. */
export async function resolveName(
  name: string,
  resolver: ResolverModel,
  names: Names,
): Promise<readonly FoundAddress[]> {
  const { servers, timeoutMs } = resolver;
  const [v4, v6] = await Promise.all([
    resolver.ipv4 ? names.query(name, 4, servers, timeoutMs) : [],
    resolver.ipv6 ? names.query(name, 6, servers, timeoutMs) : [],
  ]);
  return [...v4, ...v6];
}
