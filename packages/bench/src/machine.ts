import { sizeText } from "@drover/foundation/texts";
import { availableParallelism, cpus, totalmem } from "node:os";

/** What a figure was measured on; a figure without it says nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

export function machineText({ cpu, cpus: count, memoryBytes }: Machine): string {
  return `${cpu}, ${count} CPUs, ${sizeText(memoryBytes)}`;
}
