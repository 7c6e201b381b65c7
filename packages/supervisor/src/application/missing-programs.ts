import type { Settings } from "@drover/config";

/**
 * What this machine lacks, and what is switched off for it: sentences for the log and for `drover status`.
 *
 * @param noSnapshots why nothing can be kept in shared memory; undefined: it can
 */
export function missingHere(
  { workers }: Pick<Settings, "workers">,
  has: (program: string) => boolean,
  noSnapshots: string | undefined,
): readonly string[] {
  const isOwn = workers.command === undefined;
  return [
    ...(workers.pin && !has("taskset")
      ? [
          "workers are not held to their CPUs, only the number of their threads follows: there is no taskset (util-linux)",
        ]
      : []),
    ...(has("setpriv")
      ? []
      : ["workers may outlive a drover that is killed by SIGKILL: there is no setpriv (util-linux)"]),
    ...(isOwn && noSnapshots !== undefined && workers.snapshots !== "off" && workers.snapshots !== 0
      ? [`streams end with their worker, and conversations are read anew by another one: ${noSnapshots}`]
      : []),
  ];
}
