import type { SnapshotStatus } from "@drover/contract/console-state";
import { lstatSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { WorkerOptions } from "@drover/contract/worker-options";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import { SHARED_MEMORY } from "../placement/shared-memory.ts";
import { listSnapshotDirectories } from "./snapshot-directories.ts";
import { readStartTime } from "../process/process-files.ts";
import { isLeftOver, ownerPrefix, readSelf } from "./snapshot-owner.ts";

/** Where one supervisor's workers keep their snapshots: a directory of its own in shared memory, there while it runs. */
export class SnapshotDirectory {
  readonly #logger: Logger;
  readonly #root: string;
  readonly #uid = process.geteuid?.() ?? -1;
  #path: string | undefined;
  #limitBytes = 0;
  #hasWarned = false;

  constructor(logger: Logger, root: string = SHARED_MEMORY) {
    this.#logger = logger;
    this.#root = root;
  }

  /** Of all files together, as it was settled. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Removes what supervisors of this user left that were killed. */
  removeLeftOvers(): void {
    const { pidNamespace } = readSelf(this.#uid);
    for (const { path, owner } of listSnapshotDirectories(this.#root, this.#uid)) {
      if (!isLeftOver(owner, pidNamespace, readStartTime)) continue;
      removeAll(path);
      this.#logger.info(`removed the snapshots of a drover that was killed (pid ${owner.pid})`);
    }
  }

  /**
   * Makes the directory where it is not there, or not any more; returns its path.
   * @throws SupervisorError `memory_short`
   */
  make(): string {
    try {
      if (this.#path === undefined) this.#path = mkdtempSync(join(this.#root, ownerPrefix(readSelf(this.#uid))));
      // Fails where somebody else's file or link has the name.
      else if (!this.#isThere(this.#path)) mkdirSync(this.#path, 0o700);
      return this.#path;
    } catch (cause) {
      const { code = "unknown" } = cause as NodeJS.ErrnoException;
      const message = `the directory for snapshots can't be made in ${this.#root} (${code}); say workers.snapshots: off (--snapshots off) to do without`;
      throw new SupervisorError("memory_short", message, { cause });
    }
  }

  /** The limit that all workers have from now on. With 0 the directory goes. */
  settle(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    if (limitBytes === 0) this.remove();
  }

  /** What a worker is told at its start; undefined: it keeps none. */
  forWorker(limitBytes: number): WorkerOptions["snapshots"] {
    if (limitBytes === 0) return undefined;
    try {
      return { directory: this.make(), limitBytes };
    } catch (error) {
      if (!this.#hasWarned) this.#logger.warn((error as Error).message);
      this.#hasWarned = true;
      return undefined;
    }
  }

  /** Makes it again where somebody has removed it: a login manager does that when this user's last session ends. */
  keep(): void {
    if (this.#path !== undefined) this.forWorker(this.#limitBytes);
  }

  /** Bytes that its files take. */
  async bytes(): Promise<number> {
    return (await this.status())?.bytes ?? 0;
  }

  /** undefined: none are kept. */
  async status(): Promise<SnapshotStatus | undefined> {
    const directory = this.#path;
    if (directory === undefined || this.#limitBytes === 0) return undefined;
    const names = await readdir(directory).catch(() => []);
    const sizes = await Promise.allSettled(names.map(async (name) => (await stat(join(directory, name))).size));
    return {
      directory,
      files: names.filter((name) => !name.startsWith(".")).length,
      bytes: sizes.reduce((sum, each) => sum + (each.status === "fulfilled" ? each.value : 0), 0),
      limitBytes: this.#limitBytes,
    };
  }

  /** Takes it away with all that is in it. Synchronous, so that it can be done when the process just ends. */
  remove(): void {
    if (this.#path === undefined) return;
    removeAll(this.#path);
    this.#path = undefined;
  }

  #isThere(path: string): boolean {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found !== undefined && found.isDirectory() && found.uid === this.#uid;
  }
}

/** A worker that is being killed may still be writing. */
function removeAll(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
  } catch {
    // Its memory is free as far as it went; the next start removes the rest.
  }
}
