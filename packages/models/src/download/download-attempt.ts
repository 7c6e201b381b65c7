import type { Clock } from "@drover/foundation/clock";
import type { RemoteFile } from "../sources/remote-file.ts";
import { ModelError } from "../errors.ts";
import { get, reasonOf, type Response } from "../sources/http-get.ts";
import { dropPartial, notePartial, readPartial, type PartialFile } from "./partial-file.ts";
import {
  type AttemptOptions,
  type AttemptResult,
  commonHeaders,
  type IdleWatch,
  LEAST_PROGRESS_BYTES,
  receive,
  type Start,
} from "./receive.ts";

/** A connection is given up after this long without {@link LEAST_PROGRESS_BYTES}. */
const IDLE_MS = 60_000;

/**
 * One request for what is missing of `path.part`. What may pass is returned, what will not is thrown.
 *
 * @throws ModelError `download_not_found`, `download_forbidden`, `download_failed`, `download_wrong_content`, `download_aborted`,
 * `disk_full`, `write_failed`
 */
export async function attemptDownload(
  path: string,
  remote: RemoteFile,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const before = await readPartial(path, remote.url);
  if (before.totalBytes !== undefined && before.doneBytes === (before.tailFrom ?? before.totalBytes))
    return { done: true, sha256: before.sha256 };
  const idle = new AbortController();
  const signal = AbortSignal.any([idle.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const watch = watchIdle(idle, options.clock);
  try {
    const response = await get(remote.url, rangeHeaders(remote, before), signal);
    const start = await startOf(path, remote, before, response);
    if ("done" in start) {
      response.discard();
      return start;
    }
    return await receive({ path, remote, response, start, watch, signal }, options);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    if (options.signal?.aborted === true)
      throw new ModelError("download_aborted", "The download was stopped.", { cause: error });
    const reason = idle.signal.aborted ? `hardly a byte for ${IDLE_MS / 1000} s` : reasonOf(error);
    return { done: false, reason, retryAfterMs: undefined };
  } finally {
    watch.stop();
  }
}

function watchIdle(controller: AbortController, clock: Clock): IdleWatch {
  const arm = (): (() => void) => clock.after(IDLE_MS, () => controller.abort());
  let cancel = arm();
  let arrived = 0;
  return {
    touch: (bytes) => {
      arrived += bytes;
      if (arrived < LEAST_PROGRESS_BYTES) return;
      arrived = 0;
      cancel();
      cancel = arm();
    },
    stop: () => cancel(),
  };
}

function rangeHeaders(remote: RemoteFile, before: PartialFile): Readonly<Record<string, string>> {
  const common = commonHeaders(remote);
  if (before.doneBytes === 0 || before.validator === undefined) return common;
  const to = before.tailFrom === undefined ? "" : String(before.tailFrom - 1);
  return { ...common, range: `bytes=${before.doneBytes}-${to}`, "if-range": before.validator };
}

/** Where the response's body belongs in the file, or why to ask again. */
async function startOf(
  path: string,
  remote: RemoteFile,
  before: PartialFile,
  response: Response,
): Promise<Start | Extract<AttemptResult, { done: false }>> {
  const validator = validatorOf(response);
  const { sha256 } = response;
  if (response.status === 200) {
    const totalBytes = numberOf(response.header("content-length"));
    await dropPartial(path);
    await notePartial(path, { url: remote.url, totalBytes, validator, sha256 });
    return { fromBytes: 0, tailFrom: undefined, totalBytes, validator, sha256 };
  }
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.header("content-range") ?? "");
    const totalBytes = Number(range?.[2]);
    const same = before.validator === validator && (before.totalBytes ?? totalBytes) === totalBytes;
    if (range !== null && Number(range[1]) === before.doneBytes && same)
      return { fromBytes: before.doneBytes, tailFrom: before.tailFrom, totalBytes, validator, sha256: before.sha256 };
  }
  if (response.status === 206 || response.status === 416) {
    await dropPartial(path);
    return { done: false, reason: "the file changed on the server", retryAfterMs: 0 };
  }
  if (response.status === 408 || response.status === 425 || response.status === 429 || response.status >= 500) {
    const seconds = numberOf(response.header("retry-after"));
    const retryAfterMs = seconds === undefined ? undefined : seconds * 1000;
    return { done: false, reason: `the server responded with ${response.status}`, retryAfterMs };
  }
  throw refused(remote.url, response.status);
}

/** Weak ETags promise less than equal bytes. Source: RFC 9110, 13.1.5. */
function validatorOf(response: Response): string | undefined {
  const etag = response.header("etag");
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return response.header("last-modified");
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

function refused(url: string, status: number): ModelError {
  if (status === 401 || status === 403) {
    const advice =
      "It needs a licence and a token: accept the licence on its page and set HF_TOKEN (or the server's own).";
    return new ModelError("download_forbidden", `${url} was refused (${status}). ${advice}`);
  }
  if (status === 404 || status === 410) {
    return new ModelError(
      "download_not_found",
      `${url} does not exist (${status}). Check the repository's and the file's name.`,
    );
  }
  return new ModelError("download_failed", `${url} can't be downloaded: the server responded with ${status}.`);
}
