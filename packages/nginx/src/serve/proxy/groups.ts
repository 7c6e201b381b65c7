import { bracketed } from "@drover/foundation/network/addresses";
import type { Clock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import { ConnectionPool, UpstreamPool, type UpstreamSpec } from "@drover/balancer/engine";
import { NginxConfigError } from "../../errors.ts";
import type { LocationModel, ResolverModel, UpstreamGroupModel, UpstreamServerModel } from "../../model/model.ts";
import { lookupName, resolveName } from "./names.ts";

/** Asks the name servers of a configuration. */
type Resolve = typeof resolveName;

/**
 * Starts a group: names are resolved first, each of their addresses is a server of its own.
 * @throws NginxConfigError `host not found in upstream`, as nginx at its start.
 */
export async function startGroup(
  model: UpstreamGroupModel,
  scheme: "http" | "https",
  clock: Clock,
  resolve: Resolve = resolveName,
): Promise<Group> {
  const { policy, servers, resolver } = model;
  const pool = new UpstreamPool({ policy, clock, random: systemRandom });
  for (const [index, server] of servers.entries()) {
    for (const host of await hostsOf(server, resolver, resolve)) pool.members.add(specOf(server, index, host, scheme));
  }
  const stops = servers.map((server, index) => followName(server, index, scheme, { pool, resolver, clock, resolve }));
  return new Group(model, pool, clock, stops);
}

const unkept = { connections: 0, requests: 1, idleTimeoutMs: 0, lifetimeMs: 0 };

/** An upstream group that runs: its servers with their state, and the connections to them. */
export class Group {
  readonly model: UpstreamGroupModel;
  readonly pool: UpstreamPool;
  readonly #clock: Clock;
  readonly #stops: readonly (() => void)[];
  readonly #connections = new Map<LocationModel | undefined, ConnectionPool>();

  constructor(model: UpstreamGroupModel, pool: UpstreamPool, clock: Clock, stops: readonly (() => void)[]) {
    this.model = model;
    this.pool = pool;
    this.#clock = clock;
    this.#stops = stops;
  }

  /** Connections for requests of this location. */
  connections(location: LocationModel): ConnectionPool {
    const key = this.model.keepaliveLocal ? location : undefined;
    let connections = this.#connections.get(key);
    if (connections === undefined) {
      const keepalive = this.model.keepalive ?? unkept;
      connections = new ConnectionPool({ clock: this.#clock, keepalive, verifyTls: false });
      this.#connections.set(key, connections);
    }
    return connections;
  }

  /** Stops asking for names and closes idle connections; running requests go on. */
  retire(): void {
    for (const stop of this.#stops) stop();
    for (const connections of this.#connections.values()) connections.closeIdle();
  }

  destroy(): void {
    this.retire();
    for (const connections of this.#connections.values()) connections.destroy();
  }
}

async function hostsOf(
  { address, position, resolve: isFollowed }: UpstreamServerModel,
  resolver: ResolverModel | undefined,
  resolve: Resolve,
): Promise<readonly string[]> {
  if (address.kind !== "name") return [address.kind === "ip" ? address.host : address.path];
  if (isFollowed && resolver !== undefined) {
    return (await resolve(address.name, resolver)).map((found) => found.address);
  }
  const found = await lookupName(address.name);
  if (found.length > 0 || isFollowed) return found;
  throw NginxConfigError.at(position, `host not found in upstream "${address.name}:${address.port}"`);
}

function specOf(server: UpstreamServerModel, index: number, host: string, scheme: "http" | "https"): UpstreamSpec {
  const { address, weight, maxConns, maxFails, failTimeoutMs, slowStartMs, backup, down } = server;
  const origin = address.kind === "unix" ? `unix:${address.path}` : `${scheme}://${bracketed(host)}:${address.port}`;
  return { id: `${index} ${host}`, origin, weight, maxConns, maxFails, failTimeoutMs, slowStartMs, backup, down };
}

const nothing = (): void => {};

/** `server NAME resolve`: asks again when the validity of the records ends, and takes servers in and out. */
function followName(
  server: UpstreamServerModel,
  index: number,
  scheme: "http" | "https",
  {
    pool,
    resolver,
    clock,
    resolve,
  }: { pool: UpstreamPool; resolver: ResolverModel | undefined; clock: Clock; resolve: Resolve },
): () => void {
  const { address } = server;
  if (!server.resolve || address.kind !== "name" || resolver === undefined) return nothing;
  let stop = nothing;
  let isStopped = false;
  const ask = async (): Promise<void> => {
    const found = await resolve(address.name, resolver);
    // It may have been retired while the question was under way.
    if (isStopped) return;
    if (found.length > 0) {
      const specs = found.map((entry) => specOf(server, index, entry.address, scheme));
      for (const { id } of pool.members.all) {
        if (id.startsWith(`${index} `) && !specs.some((spec) => spec.id === id)) pool.members.remove(id);
      }
      for (const spec of specs) if (pool.members.get(spec.id) === undefined) pool.members.add(spec);
    }
    const ttlMs = Math.max(1000, resolver.validMs ?? Math.min(...found.map(({ ttlMs }) => ttlMs), 30_000));
    stop = clock.after(ttlMs, () => void ask());
  };
  stop = clock.after(Math.max(1000, resolver.validMs ?? 5000), () => void ask());
  return () => {
    isStopped = true;
    stop();
  };
}
