import { sum } from "@drover/foundation/sums";
import type { BalancerStatus, ListenAddress } from "@drover/balancer";
import { execa } from "execa";
import type { Logger } from "pino";
import { assertFreeDescriptors } from "../process/free-descriptors.ts";
import { reachableAddress } from "@drover/foundation/network/addresses";
import { systemClock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import { createServiceManager, type ServiceManager } from "./service-manager.ts";

const NOTIFY_LIMIT_MS = 10_000;
const PROBE_LIMIT_MS = 5_000;
/** The supervisor looks after its workers each second. */
const CHECKS_LIMIT_MS = 10_000;

/** What the running parts know; each may not exist yet. */
interface Insight {
  readonly logger: Logger;
  readonly balancer: () => BalancerStatus | undefined;
  /** Workers that there should be. */
  readonly workers: () => number;
  readonly address: () => ListenAddress | undefined;
  /** When the supervisor last looked after its workers, on the monotonic clock. */
  readonly lastCheckAt: () => number | undefined;
}

/** Joins this process to the service manager that started it; without one, nothing happens. */
export function joinServiceManager({ logger, balancer, workers, address, lastCheckAt }: Insight): ServiceManager {
  return createServiceManager({
    environment: process.env,
    pid: process.pid,
    clock: systemClock,
    monotonicUs: () => process.hrtime.bigint() / 1_000n,
    run: async (file, words, variables) => {
      assertFreeDescriptors();
      await execa(file, [...words], { env: variables, stdio: "ignore", timeout: NOTIFY_LIMIT_MS });
    },
    warn: (message) => logger.warn(message),
    status: () => statusLine(balancer(), workers()),
    checks: [
      { name: "the public port responds", isFresh: () => responds(address()) },
      {
        name: "the workers are looked after",
        isFresh: async () => systemClock.monotonicMs() - (lastCheckAt() ?? Number.NEGATIVE_INFINITY) < CHECKS_LIMIT_MS,
      },
    ],
  });
}

/** `2/2 workers, 3 of 16 slots`. */
function statusLine(status: BalancerStatus | undefined, workers: number): string {
  const owned = (status?.upstreams ?? []).filter(({ owned, isolation }) => owned && !isolation);
  const ready = owned.filter((worker) => worker.state === "ready");
  const busy = sum(ready.map(({ active }) => active));
  const slots = sum(ready.map((worker) => worker.slots));
  const waiting = status?.queue.depth ?? 0;
  const queue = waiting === 0 ? "" : `, ${waiting} waiting`;
  return `${ready.length}/${workers} workers, ${busy} of ${slots} slots${queue}`;
}

/** Asks the public port itself, so that a listener that no longer accepts is noticed. */
async function responds(at: ListenAddress | undefined): Promise<boolean> {
  if (at === undefined) return false;
  const where = at.port === 0 ? { socketPath: at.address } : { host: reachableAddress(at.address), port: at.port };
  const result = await httpGet(where, { path: "/live", timeoutMs: PROBE_LIMIT_MS, clock: systemClock });
  return result.responded;
}
