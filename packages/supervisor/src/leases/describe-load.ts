import type { Settings } from "@drover/config";
import { nounOf, plural } from "@drover/foundation/texts";
import { isElastic, leaseDomains } from "../placement/lease-domains.ts";
import type { Plan } from "../placement/plan.ts";
import { workerOptions } from "../process/launch.ts";
import { readCosts } from "./cost-file.ts";
import { type LoadStep, planLoad } from "./plan-load.ts";

/** How the workers of a plan share their CPUs; undefined: each has its own. No steps: what they cost is not measured yet. */
export async function planLoadOf(
  { layout, topology, shape }: Plan,
  settings: Settings,
  modelPath: string,
): Promise<readonly LoadStep[] | undefined> {
  if (!isElastic(settings)) return undefined;
  const options = workerOptions(
    settings,
    { path: modelPath, id: undefined },
    { port: 0, threads: 1, slots: shape.slots },
  );
  const tables = await readCosts(options);
  if (tables.size === 0) return [];
  const domains = leaseDomains(layout, topology).map(({ cpus, workers }) => ({ cpus: cpus.length, workers }));
  return planLoad({ tables, domains, slots: shape.slots });
}

/**
 * `1 to 5 requests: 1 worker x 16 CPUs; 6 to 12: 2 x 8; more: 4 x 4`, as one sentence about CPUs, or about threads where no worker is held to its
 * CPUs (`taskset` is missing).
 */
export function loadText(steps: readonly LoadStep[], isHeld: boolean): string {
  const what = isHeld ? "CPU" : "thread";
  const follows = `${what}s follow the load`;
  if (steps.length === 0) {
    return `${follows}: one request has all; how many workers share them beyond follows from what steps cost, which is measured at the first start`;
  }
  const parts = steps.map(({ upTo, workers, cpusEach }, index) => {
    const from = (steps[index - 1]?.upTo ?? 0) + 1;
    const share = index === 0 ? `${plural(workers, "worker")} x ${plural(cpusEach, what)}` : `${workers} x ${cpusEach}`;
    if (steps.length === 1) return `any number of requests: ${share}`;
    if (index === steps.length - 1) return `more: ${share}`;
    const range = from === upTo ? `${from}` : `${from} to ${upTo}`;
    return `${range}${index === 0 ? ` ${nounOf(upTo, "request")}` : ""}: ${share}`;
  });
  return `${follows}: ${parts.join("; ")}`;
}
