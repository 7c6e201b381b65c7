import { execFile } from "node:child_process";
import { promisify } from "node:util";

const TIMEOUT_MS = 5000;

/**
 * Allows a process and all of its threads these CPUs, by `taskset`: a thread follows only with `-a`, and Node itself has no call for it.
 * @returns why that failed; undefined: it did not
 */
export async function setAffinity(pid: number, cpus: readonly number[]): Promise<string | undefined> {
  const words = ["-a", "-c", "-p", cpus.join(","), String(pid)];
  try {
    await promisify(execFile)("taskset", words, { timeout: TIMEOUT_MS });
    return undefined;
  } catch (error) {
    const { message, stderr = "" } = error as Error & { readonly stderr?: string };
    return stderr.trim() || message;
  }
}
