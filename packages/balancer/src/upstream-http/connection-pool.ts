import type { Clock } from "@drover/foundation/clock";
import { UpstreamConnection } from "./connection.ts";
import type { Target } from "./target.ts";

/** nginx's `keepalive`, `keepalive_requests`, `keepalive_timeout`, `keepalive_time`. */
export interface KeepaliveRule {
  /** Most idle connections kept, over the group; 0 closes each after its request. */
  readonly connections: number;
  readonly requests: number;
  readonly idleTimeoutMs: number;
  readonly lifetimeMs: number;
}

/** nginx >= 1.29.7: 32 idle connections, 1,000 requests each, 60 s idle, an hour old at most. */
export const defaultKeepalive: KeepaliveRule = {
  connections: 32,
  requests: 1000,
  idleTimeoutMs: 60_000,
  lifetimeMs: 3_600_000,
};

export interface ConnectionPoolOptions {
  readonly clock: Clock;
  /** @default defaultKeepalive */
  readonly keepalive?: KeepaliveRule;
  /** Check certificates of `https` upstreams. @default true */
  readonly verifyTls?: boolean;
}

/**
 * Kept-alive connections to the upstreams of one group. The one used last is used first, and the one that rested longest goes when there are too many.
 * Source: nginx `ngx_http_upstream_keepalive_module`.
 */
export class ConnectionPool {
  readonly #clock: Clock;
  readonly #verifyTls: boolean;
  readonly keepalive: KeepaliveRule;
  /** Oldest first. */
  #idle: UpstreamConnection[] = [];
  readonly #open = new Set<UpstreamConnection>();

  constructor(options: ConnectionPoolOptions) {
    this.#clock = options.clock;
    this.keepalive = options.keepalive ?? defaultKeepalive;
    this.#verifyTls = options.verifyTls ?? true;
  }

  /** An idle connection, or a new one that is still connecting. */
  take(upstream: Target): UpstreamConnection {
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const connection = this.#idle[index];
      if (connection?.upstream !== upstream) continue;
      this.#idle.splice(index, 1);
      if (!connection.socket.destroyed) return connection;
    }
    const opened = new UpstreamConnection(upstream, this.#clock.monotonicMs(), this.#verifyTls);
    this.#open.add(opened);
    opened.socket.once("close", () => this.#open.delete(opened));
    return opened;
  }

  /** Takes back a connection whose answer was read to its end. */
  give(connection: UpstreamConnection): void {
    const { connections, requests, idleTimeoutMs, lifetimeMs } = this.keepalive;
    const old = this.#clock.monotonicMs() - connection.openedAtMs >= lifetimeMs;
    if (connections === 0 || connection.requests >= requests || old || connection.upstream.down) {
      connection.destroy();
      return;
    }
    connection.rest(idleTimeoutMs, () => {
      this.#idle = this.#idle.filter((other) => other !== connection);
    });
    this.#idle.push(connection);
    if (this.#idle.length > connections) this.#idle.shift()?.destroy();
  }

  /** Closes what rests; of one upstream, or of all. */
  closeIdle(upstream?: Target): void {
    const gone = this.#idle.filter((connection) => upstream === undefined || connection.upstream === upstream);
    this.#idle = this.#idle.filter((connection) => !gone.includes(connection));
    for (const connection of gone) connection.destroy();
  }

  /** Open connections, resting ones included. */
  get size(): number {
    return this.#open.size;
  }

  /** Cuts everything. */
  destroy(): void {
    this.#idle = [];
    for (const connection of this.#open) connection.destroy();
  }
}
