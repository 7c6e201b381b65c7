import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import { layOut, type Layout } from "./layout.ts";
import { allowedCpus } from "./topology.ts";

/**
 * The layout that the settings ask for, on the CPUs that this process may use. What does not fit is a warning.
 * @throws SupervisorError `over_committed` with `strict`
 */
export function chooseLayout(settings: Settings, logger: Logger): Layout {
  const { count, threads, pin } = settings.workers;
  const workers = count === "auto" || typeof count === "number" ? count : Number(count.split("..")[1]);
  const layout = layOut(allowedCpus(), { workers, threads });
  for (const warning of layout.warnings) {
    if (settings.strict) throw new SupervisorError("over_committed", warning);
    logger.warn(warning);
  }
  if (pin && process.platform !== "linux") logger.warn("workers are not pinned to CPUs: this is not Linux");
  return layout;
}

/** Workers to run, where `running` run now: as many as there are places, or as many as run now where that is within the range. */
export function countOf({ workers: { count } }: Settings, layout: Layout, running: number): number {
  if (count === "auto" || typeof count === "number") return layout.places.length;
  const [min = 1, max = min] = count.split("..").map(Number);
  return Math.min(max, Math.max(min, running));
}
