import { bracketed } from "@drover/foundation/network/addresses";
import type { Clock } from "@drover/foundation/clock";
import { ConnectionPool, UpstreamPool, type UpstreamSpec } from "@drover/balancer/engine";
import { NginxConfigError } from "../../errors.ts";
import type { LocationModel, ResolverModel, UpstreamGroupModel, UpstreamServerModel } from "../../model/model.ts";
import { type Names, resolveName } from "./names.ts";

/** An upstream group that runs: its servers with their state, and the connections to them. */
export interface Group {
  readonly model: UpstreamGroupModel;
  readonly pool: UpstreamPool;
  /** Connections for requests of this location. */
  connections(location: LocationModel | undefined): ConnectionPool;
  /** Stops asking for names and closes idle connections; running requests go on. */
  retire(): void;
  destroy(): void;
}

export interface GroupParts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly names: Names;
}

const unkept = { connections: 0, requests: 1, idleTimeoutMs: 0, lifetimeMs: 0 };

/**
 * Starts a group: names are resolved first, each of their addresses is a server of its own.
 * @throws NginxConfigError `host not found in upstream`, as nginx at its start.
 */
export async function startGroup(
  model: UpstreamGroupModel,
  scheme: "http" | "https",
  resolver: ResolverModel | undefined,
  parts: GroupParts,
): Promise<Group> {
  const pool = new UpstreamPool({ policy: model.policy, clock: parts.clock, random: parts.random });
  const stops: (() => void)[] = [];
  for (const [index, server] of model.servers.entries()) {
    for (const host of await hostsOf(server, model.resolver ?? resolver, parts.names))
      pool.members.add(specOf(server, index, host, scheme));
    if (server.resolve)
      stops.push(followName(server, index, scheme, { pool, resolver: model.resolver ?? resolver, parts }));
  }
  return new RunningGroup(model, pool, parts.clock, stops);
}

class RunningGroup implements Group {
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

  connections(location: LocationModel | undefined): ConnectionPool {
    const key = this.model.keepaliveLocal ? location : undefined;
    let connections = this.#connections.get(key);
    if (connections === undefined) {
      connections = new ConnectionPool({
        clock: this.#clock,
        keepalive: this.model.keepalive ?? unkept,
        verifyTls: false,
      });
      this.#connections.set(key, connections);
    }
    return connections;
  }

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
  { address, position, resolve }: UpstreamServerModel,
  resolver: ResolverModel | undefined,
  names: Names,
): Promise<readonly string[]> {
  if (address.kind !== "name") return [address.kind === "ip" ? address.host : address.path];
  const found =
    resolve && resolver !== undefined
      ? await resolveName(address.name, resolver, names)
      : await names.lookup(address.name);
  if (found.length === 0 && !resolve) {
    throw NginxConfigError.at(position, `host not found in upstream "${address.name}:${address.port}"`);
  }
  return found.map((entry) => (typeof entry === "string" ? entry : entry.address));
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
  { pool, resolver, parts }: { pool: UpstreamPool; resolver: ResolverModel | undefined; parts: GroupParts },
): () => void {
  const { address } = server;
  if (address.kind !== "name" || resolver === undefined) return nothing;
  let stop = nothing;
  let isStopped = false;
  const ask = async (): Promise<void> => {
    const found = await resolveName(address.name, resolver, parts.names);
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
    stop = parts.clock.after(ttlMs, () => void ask());
  };
  stop = parts.clock.after(Math.max(1000, resolver.validMs ?? 5000), () => void ask());
  return () => {
    isStopped = true;
    stop();
  };
}
