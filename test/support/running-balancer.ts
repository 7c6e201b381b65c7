import { type Balancer, createBalancer } from "@drover/balancer";
import { systemClock } from "@drover/foundation/clock";
import { defaultSettings, type Settings } from "@drover/config";
import { pino } from "pino";
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
  const base = defaultSettings();
  const settings = change({
    ...base,
    listen: "127.0.0.1:0",
    balancer: { ...base.balancer, upstreams: upstreamPorts.map((port) => `http://127.0.0.1:${port} max_fails=0`) },
  });
  const balancer = createBalancer({
    settings,
    logger: pino({ level: "silent" }),
    clock: systemClock,
    random: Math.random,
  });
  const [bound] = await balancer.listen();
  return {
    balancer,
    port: bound?.port ?? 0,
    leases: () => balancer.status().upstreams.reduce((sum, upstream) => sum + upstream.active, 0),
  };
}

/** Status of the next response on a raw connection; 0 when it was closed without one. */
export async function statusOf(client: RawClient, method = "POST"): Promise<number> {
  return Number((await client.read(method)).line.split(" ")[1] ?? 0);
}
