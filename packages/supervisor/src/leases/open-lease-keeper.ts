import { systemClock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { hasProgram } from "../process/programs.ts";
import { readAllowance, readTopology } from "../placement/topology.ts";
import { setAffinity } from "./affinity.ts";
import { storeCosts } from "./cost-file.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

/** The keeper on this machine. Without `taskset`, which the application tells, leases bound the threads alone. */
export function openLeaseKeeper(logger: Logger): LeaseKeeper {
  return new LeaseKeeper({
    clock: systemClock,
    logger,
    setAffinity: hasProgram("taskset") ? setAffinity : undefined,
    readTopology: () => readTopology(),
    keepCosts: ({ options }, tables) => {
      // A read-only home costs a sentence of `drover plan`, no more.
      storeCosts(options, tables).catch((error: unknown) => logger.debug({ err: error }, "step costs not stored"));
    },
    readAllowance: () => readAllowance(),
  });
}
