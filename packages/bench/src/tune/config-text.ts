import type { TuneReport } from "./run-tune.ts";

/** A `drover.yaml` with the pick. @param model as the user named it; a twin's file is not what shall be served */
export function configText(report: TuneReport, model: string): string {
  const { workers, threads, slots, batch, flashAttention, kvType } = report.pick.candidate;
  const comments = [
    `Written by drover tune, ${report.startedAt}, on ${report.machine.cpu} with ${report.machine.cpus} CPUs:`,
    `${report.users} users of the preset ${report.preset}, measured with ${report.model}.`,
    ...report.verdicts,
  ];
  return [
    ...comments.map((line) => `# ${line}`),
    `model: ${JSON.stringify(model)}`,
    "workers:",
    `  count: ${workers}`,
    `  threads: ${threads}`,
    `  slots: ${slots}`,
    `  batch: ${batch}`,
    // "on" and "off" are booleans to some YAML readers.
    `  flashAttention: "${flashAttention}"`,
    `  kvType: ${kvType}`,
    "",
  ].join("\n");
}
