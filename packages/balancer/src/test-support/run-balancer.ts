import { defaultSettings, type Settings } from "@drover/config";
import { pino } from "pino";
import { createBalancer } from "../balancer.ts";
import type { Balancer, BalancerOptions } from "../balancer-api.ts";
import { systemClock } from "@drover/foundation/clock";

export interface RunningTestBalancer {
  readonly balancer: Balancer;
  readonly port: number;
  readonly url: string;
}

interface Overrides {
  readonly settings?: (settings: Settings) => Settings;
  readonly options?: Partial<BalancerOptions>;
}

/** A balancer on a free port of 127.0.0.1. */
export async function runBalancer(overrides: Overrides = {}): Promise<RunningTestBalancer> {
  const base: Settings = { ...defaultSettings(), listen: "127.0.0.1:0" };
  const balancer = createBalancer({
    settings: overrides.settings?.(base) ?? base,
    logger: pino({ level: "silent" }),
    clock: systemClock,
    random: Math.random,
    ...overrides.options,
  });
  const [bound] = await balancer.listen();
  const port = bound?.port ?? 0;
  return { balancer, port, url: `http://127.0.0.1:${port}` };
}
