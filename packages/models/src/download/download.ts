import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pause } from "@drover/foundation/clock";
import { attemptDownload } from "./download-attempt.ts";
import { type AttemptOptions, LEAST_PROGRESS_BYTES } from "./receive.ts";
import { lockFile } from "./download-lock.ts";
import type { RemoteFile } from "../sources/remote-file.ts";
import { ModelError } from "../errors.ts";
import { readGguf } from "../gguf/gguf-reader.ts";
import { writeError } from "../gguf/gguf-writer.ts";
import { makeFolder } from "../gguf/make-folder.ts";
import { sha256OfFile } from "../sources/digest.ts";
import { bytesOf, dropPartial, readPartial } from "./partial-file.ts";

/** An attempt that failed, and when the next one begins. */
export interface DownloadRetry {
  readonly url: string;
  readonly reason: string;
  readonly waitMs: number;
  /** Attempts that failed in a row without progress. */
  readonly failures: number;
  /** With so many it is given up. */
  readonly mostFailures: number;
}

export type OnRetry = (retry: DownloadRetry) => void;

export interface DownloadOptions extends AttemptOptions {
  /** Told of each attempt that failed and will be made again. */
  readonly onRetry?: OnRetry | undefined;
}

/** The reason of an abort by which what has arrived goes, too. By any other one it stays for the next call. */
export const UNWANTED = "unwanted";

/**
 * Makes `path` be the remote file. It appears under its name when it is complete and checked (size, GGUF header, every tensor inside, and the SHA-256 where the server or its hub tells one); until then
 * `path.part` holds what has arrived, and the next call goes on from there if the file on the server is the same. What no call could go on from is taken away.
 *
 * @throws ModelError `download_*`, `disk_full`, `write_failed`
 */
export async function downloadFile(path: string, remote: RemoteFile, options: DownloadOptions): Promise<void> {
  if (existsSync(path)) return;
  try {
    await makeFolder(dirname(path));
  } catch (error) {
    throw writeError(path, error);
  }
  const release = await lockFile(path, { clock: options.clock, waitMs: LOCK_WAIT_MS, signal: options.signal });
  try {
    if (existsSync(path)) return;
    const told = await attemptUntilDone(path, remote, options);
    await checkContent(path, { ...remote, sha256: remote.sha256 ?? told }, options.signal);
    await rename(`${path}.part`, path);
    await rm(`${path}.part.json`, { force: true });
  } catch (error) {
    const isOfUse = options.signal?.reason !== UNWANTED && bytesOf(await readPartial(path, remote.url)) > 0;
    if (!isOfUse) await dropPartial(path);
    throw error;
  } finally {
    await release();
  }
}

const LOCK_WAIT_MS = 6 * 3_600_000;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 30_000;
/** In a row without progress. */
const MOST_FAILURES = 6;

/** @returns the SHA-256 that the server told, if it did */
async function attemptUntilDone(
  path: string,
  remote: RemoteFile,
  options: DownloadOptions,
): Promise<string | undefined> {
  let failures = 0;
  let mostBytes = bytesOf(await readPartial(path, remote.url));
  for (;;) {
    const result = await attemptDownload(path, remote, options);
    if (result.done) return result.sha256;
    // A server that has another version each time begins each time, and would never come to an end.
    const bytes = bytesOf(await readPartial(path, remote.url));
    const isFurther = bytes - mostBytes >= LEAST_PROGRESS_BYTES;
    failures = isFurther ? 1 : failures + 1;
    if (isFurther) mostBytes = bytes;
    if (failures >= MOST_FAILURES) {
      const message = `${remote.url} can't be downloaded: ${result.reason}, ${failures} times in a row. Check the network and try again: it goes on where it stopped.`;
      throw new ModelError("download_failed", message);
    }
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
    const waitMs = Math.min(result.retryAfterMs ?? backoffMs, 10 * LONGEST_BACKOFF_MS);
    options.onRetry?.({ url: remote.url, reason: result.reason, waitMs, failures, mostFailures: MOST_FAILURES });
    await pause(options.clock, waitMs, options.signal);
    if (options.signal?.aborted === true)
      throw new ModelError("download_aborted", "The download was stopped.", { cause: options.signal.reason });
  }
}

async function checkContent(path: string, remote: RemoteFile, signal: AbortSignal | undefined): Promise<void> {
  try {
    await readGguf(`${path}.part`);
    await checkDigest(path, remote, signal);
  } catch (error) {
    if (signal?.aborted === true)
      throw new ModelError("download_aborted", "The download was stopped.", { cause: error });
    if (!(error instanceof ModelError)) throw error;
    await dropPartial(path);
    const message = `${remote.url} is not a usable model: ${error.message}`;
    throw new ModelError("download_wrong_content", message, { cause: error });
  }
}

async function checkDigest(path: string, remote: RemoteFile, signal: AbortSignal | undefined): Promise<void> {
  const expected = remote.sha256;
  if (expected === undefined) return;
  const found = await sha256OfFile(`${path}.part`, signal);
  if (found === expected) return;
  const message = `its bytes are not those that the server has (SHA-256 ${found} instead of ${expected}). Try again, or another mirror.`;
  throw new ModelError("download_wrong_content", message);
}
