import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../../placement/machine-files.ts";

/** A control group of one command: nothing that the command starts can leave it, whatever it does with session and environment. */
export interface WorkerCgroup {
  readonly folder: string;
  /** The words before a command line that put it in before it starts anything. They exec. Where it cannot be put in, it runs all the same. */
  readonly enter: readonly string[];
  /** All processes in it and in groups that they made below it, without zombies. */
  readonly pids: () => readonly number[];
  /** Kills all of them at once, also what is being forked. Never throws. */
  readonly kill: () => void;
  /** To be called when none of its processes is left. Never throws. */
  readonly remove: () => void;
}

const ENTER = '{ echo $$ >"$0/cgroup.procs"; } 2>/dev/null; exec "$@"';

/** Makes one below `parent`; undefined where the kernel refuses, or is older than 5.14 and cannot kill a group. */
export function makeWorkerCgroup(parent: string, name: string): WorkerCgroup | undefined {
  const folder = join(parent, name);
  try {
    mkdirSync(folder);
    if (!readdirSync(folder).includes("cgroup.kill")) {
      rmdirSync(folder);
      return undefined;
    }
  } catch {
    return undefined;
  }
  return {
    folder,
    enter: ["/bin/sh", "-c", ENTER, folder],
    pids: () => groupsOf(folder).flatMap(pidsOf),
    kill: () => {
      quietly(() => writeFileSync(join(folder, "cgroup.kill"), "1", { flag: "r+" }));
    },
    remove: () => {
      for (const group of groupsOf(folder).toReversed()) quietly(() => rmdirSync(group));
    },
  };
}

/** The group and those below it, the outer ones first. */
function groupsOf(folder: string): readonly string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...below.flatMap(({ name }) => groupsOf(join(folder, name)))];
  } catch {
    return [];
  }
}

function pidsOf(group: string): readonly number[] {
  const lines = filesBelow(group).read("cgroup.procs")?.split("\n") ?? [];
  // 0 is a process of another pid namespace, and what an empty line is read as.
  return lines.map(Number).filter((pid) => pid > 0);
}

function quietly(effect: () => void): void {
  try {
    effect();
  } catch {
    // It ended by itself, or something in it still ends.
  }
}
