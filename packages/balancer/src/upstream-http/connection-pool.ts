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

/** A connection that was used a moment ago is still open; the upstream's own limit is seconds. */
const restedForMs = 100;

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

  /**
   * An idle connection, or a new one that is still connecting. One that has rested for a while may have been closed by the upstream, which this process
   * has not read yet: that is read first.
   */
  take(upstream: Target): UpstreamConnection | Promise<UpstreamConnection> {
    const connection = this.#take(upstream);
    const restedMs = this.#clock.monotonicMs() - (connection.restsSinceMs ?? Number.POSITIVE_INFINITY);
    if (restedMs < restedForMs) return connection;
    return new Promise((resolve) => {
      const settle = (): void => resolve(connection.socket.destroyed ? this.#take(upstream) : connection);
      // Only between two of them the event loop is certain to read.
      setImmediate(() => setImmediate(settle));
    });
  }

  #take(upstream: Target): UpstreamConnection {
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

  /** Takes back a connection whose response was read to its end. `hintMs`: how long the upstream keeps it, as its `Keep-Alive` field says. */
  give(connection: UpstreamConnection, hintMs = Number.POSITIVE_INFINITY): void {
    const { connections, requests, lifetimeMs } = this.keepalive;
    // Closed before the upstream does it: a request that crosses its end on the way would be lost.
    const idleTimeoutMs = Math.min(this.keepalive.idleTimeoutMs, Math.max(hintMs - 1000, hintMs / 2));
    const old = this.#clock.monotonicMs() - connection.openedAtMs >= lifetimeMs;
    if (connections === 0 || connection.requests >= requests || old || connection.upstream.down) {
      connection.destroy();
      return;
    }
    connection.restsSinceMs = this.#clock.monotonicMs();
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
