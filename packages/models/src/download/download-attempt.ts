import { open, statfs, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "@drover/foundation/clock";
import type { RemoteFile } from "./endpoints.ts";
import { ModelError } from "../errors.ts";
import { writeError, type OnProgress } from "../gguf/gguf-writer.ts";
import { get, reasonOf, type Response } from "./http-get.ts";
import { dropPartial, notePartial, readPartial, type PartialFile } from "./partial-file.ts";

export interface AttemptOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnProgress | undefined;
  /** The connection is given up after this long without a byte. */
  readonly idleMs: number;
}

/** `advanced`: whether bytes arrived that the next attempt can go on from. */
export type AttemptResult =
  | { readonly done: true }
  | {
      readonly done: false;
      readonly reason: string;
      readonly advanced: boolean;
      readonly retryAfterMs: number | undefined;
    };

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
  if (before.totalBytes !== undefined && before.doneBytes === before.totalBytes) return { done: true };
  const idle = new AbortController();
  const signal = AbortSignal.any([idle.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const watch = watchIdle(idle, options);
  try {
    const response = await get(remote.url, rangeHeaders(remote, before), signal);
    const start = await startOf(path, remote, before, response);
    if ("reason" in start) {
      response.discard();
      return { done: false, advanced: false, ...start };
    }
    return await receive(path, response, start, watch, options);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    if (options.signal?.aborted === true)
      throw new ModelError("download_aborted", "The download was stopped.", { cause: error });
    const after = await readPartial(path, remote.url);
    const reason = idle.signal.aborted ? `no byte for ${options.idleMs / 1000} s` : reasonOf(error);
    return { done: false, reason, advanced: after.doneBytes > before.doneBytes, retryAfterMs: undefined };
  } finally {
    watch.stop();
  }
}

interface IdleWatch {
  readonly touch: () => void;
  readonly stop: () => void;
}

function watchIdle(controller: AbortController, { clock, idleMs }: AttemptOptions): IdleWatch {
  const arm = (): (() => void) => clock.after(idleMs, () => controller.abort());
  let cancel = arm();
  return {
    touch: () => {
      cancel();
      cancel = arm();
    },
    stop: () => cancel(),
  };
}

function rangeHeaders(remote: RemoteFile, before: PartialFile): Readonly<Record<string, string>> {
  const common = { ...remote.headers, "accept-encoding": "identity", "user-agent": "drover" };
  if (before.doneBytes === 0 || before.validator === undefined) return common;
  return { ...common, range: `bytes=${before.doneBytes}-`, "if-range": before.validator };
}

interface Start {
  readonly fromBytes: number;
  readonly totalBytes: number | undefined;
}

interface Refusal {
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

/** Where the response's body belongs in the file, or why to ask again. */
async function startOf(
  path: string,
  remote: RemoteFile,
  before: PartialFile,
  response: Response,
): Promise<Start | Refusal> {
  const validator = validatorOf(response);
  if (response.status === 200) {
    const totalBytes = numberOf(response.header("content-length"));
    await dropPartial(path);
    await notePartial(path, { url: remote.url, totalBytes, validator });
    return { fromBytes: 0, totalBytes };
  }
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.header("content-range") ?? "");
    const totalBytes = Number(range?.[2]);
    const same = before.validator === validator && (before.totalBytes ?? totalBytes) === totalBytes;
    if (range !== null && Number(range[1]) === before.doneBytes && same)
      return { fromBytes: before.doneBytes, totalBytes };
  }
  if (response.status === 206 || response.status === 416) {
    await dropPartial(path);
    return { reason: "the file changed on the server", retryAfterMs: 0 };
  }
  if (response.status === 408 || response.status === 425 || response.status === 429 || response.status >= 500) {
    const seconds = numberOf(response.header("retry-after"));
    const retryAfterMs = seconds === undefined ? undefined : seconds * 1000;
    return { reason: `the server answered ${response.status}`, retryAfterMs };
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
  return new ModelError("download_failed", `${url} can't be downloaded: the server answered ${status}.`);
}

async function receive(
  path: string,
  response: Response,
  start: Start,
  watch: IdleWatch,
  options: AttemptOptions,
): Promise<AttemptResult> {
  await checkRoom(path, start);
  const handle = await open(`${path}.part`, start.fromBytes === 0 ? "w" : "r+").catch((error: unknown) => {
    throw writeError(path, error);
  });
  let doneBytes = start.fromBytes;
  try {
    for await (const bytes of response.body) {
      watch.touch();
      if (doneBytes === 0) checkMagic(response, bytes);
      await write(handle, path, bytes, doneBytes);
      doneBytes += bytes.length;
      if (doneBytes > (start.totalBytes ?? Number.POSITIVE_INFINITY)) throw await tooLong(path, response, start);
      options.onProgress?.({ doneBytes, totalBytes: start.totalBytes });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const done = start.totalBytes === undefined ? doneBytes > 0 : doneBytes === start.totalBytes;
  if (done) return { done };
  const reason = `the connection ended after ${doneBytes} of ${start.totalBytes ?? 0} bytes`;
  return { done, reason, advanced: doneBytes > start.fromBytes, retryAfterMs: undefined };
}

async function checkRoom(path: string, start: Start): Promise<void> {
  const stats = await statfs(dirname(path)).catch(() => undefined);
  if (stats === undefined || start.totalBytes === undefined) return;
  const neededBytes = start.totalBytes - start.fromBytes;
  const freeBytes = stats.bavail * stats.bsize;
  if (neededBytes <= freeBytes) return;
  const message = `${path} needs ${gigabytes(neededBytes)}, and its disk has ${gigabytes(freeBytes)} free. Free some space, or set XDG_CACHE_HOME to another disk.`;
  throw new ModelError("disk_full", message);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

async function write(handle: FileHandle, path: string, bytes: Buffer, at: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw writeError(path, error);
  }
}

/** An error page must not cost gigabytes of waiting, so the first bytes are looked at before they are kept. */
function checkMagic(response: Response, bytes: Buffer): void {
  const magic = Buffer.from("GGUF");
  const seen = bytes.subarray(0, 4);
  if (seen.length > 0 && seen.equals(magic.subarray(0, seen.length))) return;
  const type = response.header("content-type") ?? "something unnamed";
  const message = `${response.url} is not a GGUF file: the server sent ${type}. Check the link; the page of a model is not its file.`;
  throw new ModelError("download_wrong_content", message);
}

async function tooLong(path: string, response: Response, start: Start): Promise<ModelError> {
  await dropPartial(path);
  const message = `${response.url} sent more than the ${start.totalBytes ?? 0} bytes that it announced. Try again later, or another mirror.`;
  return new ModelError("download_wrong_content", message);
}
