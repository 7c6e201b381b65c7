import { execFile } from "node:child_process";

/** Allows a process and all of its threads these CPUs. Resolves with why that failed; undefined: it did not. */
export type SetAffinity = (pid: number, cpus: readonly number[]) => Promise<string | undefined>;

const TIMEOUT_MS = 5000;

/** By `taskset`: a thread follows only with `-a`, and Node itself has no call for it. */
export const setAffinity: SetAffinity = (pid, cpus) =>
  new Promise((resolve) => {
    execFile(
      "taskset",
      ["-a", "-c", "-p", cpus.join(","), String(pid)],
      { timeout: TIMEOUT_MS },
      (error, _out, text) => {
        if (error === null) resolve(undefined);
        else resolve(text.trim() === "" ? error.message : text.trim());
      },
    );
  });
