import type { Drover } from "../support/drover-process.ts";
import { commandOf, descriptorsOf, parentOf, runningProcesses, stateOf } from "../support/processes.ts";

/** What SIGQUIT writes to the log. */
export interface Dump {
  readonly state: {
    readonly balancer: {
      readonly queue: { readonly depth: number };
      readonly upstreams: readonly { readonly active: number }[];
    };
  };
}

/** What SIGQUIT writes to the log, as of now. */
export async function dumpOf(drover: Drover, limitMs?: number): Promise<Dump> {
  const earlier = new Set(drover.entries);
  drover.child.kill("SIGQUIT");
  const isNew = (entry: object) => "state" in entry && !earlier.has(entry);
  return (await drover.entry(isNew, limitMs)) as unknown as Dump;
}

const DUMP_MS = 10_000;
const LAST_ENTRIES = 60;

/** All that can be seen of a drover of which something was waited for in vain. It may end by that. */
export async function lastWords(drover: Drover): Promise<string> {
  const { pid = 0 } = drover.child;
  const entries = drover.entries.slice(-LAST_ENTRIES).map((entry) => JSON.stringify(entry));
  const processes = runningProcesses()
    .filter((one) => one === pid || parentOf(one) === pid)
    .map((one) => `${one} ${stateOf(one)} ${commandOf(one).join(" ").replaceAll("\n", " ").slice(0, 200)}`);
  const descriptors = descriptorsOf(pid).toSorted().join(" ");
  const dump = await dumpOf(drover, DUMP_MS).catch((error: Error) => error.message);
  return [
    "the supervisor and its children, with their states:",
    ...processes,
    `its descriptors: ${descriptors}`,
    "its last log entries:",
    ...entries,
    "what SIGQUIT showed:",
    JSON.stringify(dump),
  ].join("\n");
}
