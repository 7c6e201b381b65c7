import type { Balancer } from "@drover/balancer";
import { runBalancer } from "@drover/balancer/test-support/run-balancer";
import type { Settings } from "@drover/config";
import type { RawClient } from "./raw-client.ts";

/** A balancer in this process on a free port, in front of upstreams that it does not own. */
export interface RunningBalancer {
  readonly balancer: Balancer;
  readonly port: number;
  /** Requests that hold an upstream. */
  readonly leases: () => number;
}

export async function startBalancer(
  upstreamPorts: readonly number[],
  change: (settings: Settings) => Settings = (settings) => settings,
): Promise<RunningBalancer> {
  const upstreams = upstreamPorts.map((port) => `http://127.0.0.1:${port} max_fails=0`);
  const { balancer, port } = await runBalancer({
    settings: (base) => change({ ...base, balancer: { ...base.balancer, upstreams } }),
  });
  return {
    balancer,
    port,
    leases: () => balancer.status().upstreams.reduce((sum, upstream) => sum + upstream.active, 0),
  };
}

/** Status of the next response on a raw connection; 0 when it was closed without one. */
export async function statusOf(client: RawClient, method = "POST"): Promise<number> {
  return Number((await client.read(method)).line.split(" ")[1] ?? 0);
}
