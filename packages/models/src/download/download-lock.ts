import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { type Clock, pause } from "@drover/foundation/clock";
import { ModelError } from "../errors.ts";

/**
 * Takes the lock on a file to be written, so that two processes do not download it into one another. Waits while another process that
 * lives holds it; one left behind by a process that died is taken over. Returns what releases it.
 *
 * @throws ModelError `download_busy` after `waitMs`, `download_aborted`
 */
export async function lockFile(
  path: string,
  options: { readonly clock: Clock; readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<() => Promise<void>> {
  const { clock, waitMs, signal } = options;
  const lockPath = `${path}.lock`;
  const deadline = clock.monotonicMs() + waitMs;
  for (;;) {
    const holder = await tryLock(lockPath);
    if (holder === undefined) return () => rm(lockPath, { force: true });
    if (!isAlive(holder)) {
      await takeAway(lockPath, holder);
      continue;
    }
    if (clock.monotonicMs() >= deadline) {
      const message = `${path} is being downloaded by process ${holder} (lock ${lockPath}). Wait for it, or stop it and try again.`;
      throw new ModelError("download_busy", message);
    }
    await pause(clock, LOOK_AGAIN_MS, signal);
    if (signal?.aborted === true)
      throw new ModelError("download_aborted", `The wait for ${path} was stopped.`, { cause: signal.reason });
  }
}

const LOOK_AGAIN_MS = 250;

/** The pid of the holder; undefined when the lock is ours. It appears with its content, so nobody reads an empty one. */
async function tryLock(lockPath: string): Promise<number | undefined> {
  const own = `${lockPath}.${randomUUID()}`;
  await writeFile(own, String(process.pid), { flag: "wx" });
  try {
    await link(own, lockPath);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
    return Number(await readFile(lockPath, "utf8").catch(() => process.pid));
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes the lock of a dead process, but not the one that a third process has put there meanwhile. */
async function takeAway(lockPath: string, deadPid: number): Promise<void> {
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await rename(lockPath, aside);
  } catch {
    return; // somebody else was quicker
  }
  if (Number(await readFile(aside, "utf8")) !== deadPid) await link(aside, lockPath).catch(() => undefined);
  await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
