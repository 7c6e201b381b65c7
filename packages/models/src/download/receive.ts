import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "@drover/foundation/clock";
import { sizeText } from "@drover/foundation/texts";
import { ModelError } from "../errors.ts";
import { type OnProgress, writeError } from "../gguf/gguf-writer.ts";
import type { RemoteFile } from "../sources/remote-file.ts";
import type { Response } from "../sources/http-get.ts";
import { dropPartial, notePartial, type ToldFile } from "./partial-file.ts";
import { SideConnections, type SplitRule, USUAL_SPLIT } from "./side-connections.ts";
import { writeFully } from "../gguf/write-fully.ts";

export interface AttemptOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** @default {@link USUAL_SPLIT} */
  readonly split?: SplitRule | undefined;
  /** Of the disk, which a file of unknown length leaves. @default 1 GiB */
  readonly leastFreeBytes?: number | undefined;
  /** A file that is longer, or is said to be, is not taken. @default {@link USUAL_MOST_BYTES} */
  readonly mostBytes?: number | undefined;
}

/** As the setting `maxDownload`. */
const USUAL_MOST_BYTES = 64 * 2 ** 30;

export type AttemptResult =
  /** `sha256`: what the server told, hexadecimal. */
  | { readonly done: true; readonly sha256: string | undefined }
  | {
      readonly done: false;
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
    };

/** Less is no progress: a server that sends a byte a minute, or breaks off behind each, would keep whoever waits for ever. */
export const LEAST_PROGRESS_BYTES = 32 * 1024;

/** Ends a connection on which nothing comes. */
export interface IdleWatch {
  readonly touch: (bytes: number) => void;
  readonly stop: () => void;
}

/** Where a response's body belongs in the file, and what it is. */
export interface Start extends ToldFile {
  readonly fromBytes: number;
  /** Everything from here on was there before. */
  readonly tailFrom: number | undefined;
}

export function commonHeaders(remote: RemoteFile): Readonly<Record<string, string>> {
  return { ...remote.headers, "accept-encoding": "identity", "user-agent": "drover" };
}

/** A response whose body is to be written, and all that is known of it. */
export interface Reception {
  readonly path: string;
  readonly remote: RemoteFile;
  readonly response: Response;
  readonly start: Start;
  readonly watch: IdleWatch;
  readonly signal: AbortSignal;
}

/** Writes the body of a response into the file.
 * @throws ModelError `disk_full`, `write_failed`, `download_wrong_content` */
export async function receive(reception: Reception, options: AttemptOptions): Promise<AttemptResult> {
  const { path, start } = reception;
  if ((start.totalBytes ?? 0) > mostBytesOf(options)) throw await tooLarge(reception, options);
  await checkRoom(path, start);
  const isNew = start.fromBytes === 0 && start.tailFrom === undefined;
  // An empty one may be left of an attempt before, or a link that somebody has put there.
  if (isNew) await rm(`${path}.part`, { force: true });
  const handle = await open(`${path}.part`, isNew ? "wx" : "r+").catch((error: unknown) => {
    throw writeError(path, error);
  });
  const writing = new Writing(reception, handle, options);
  try {
    await writing.run();
    await handle.sync();
  } catch (error) {
    if (error instanceof ModelError) writing.giveUp();
    throw error;
  } finally {
    await writing.end();
    await handle.close();
  }
  const { totalBytes } = start;
  if (writing.isDone) return { done: true, sha256: start.sha256 };
  const reason = `the connection ended after ${writing.doneBytes} of ${totalBytes ?? 0} bytes`;
  return { done: false, reason, retryAfterMs: undefined };
}

/** Writes a response's body to the file from the front, and, of a large file, pieces of its end by other connections meanwhile. */
class Writing {
  readonly #reception: Reception;
  readonly #handle: FileHandle;
  readonly #options: AttemptOptions;
  #frontBytes: number;
  #sideBytes = 0;
  #noted: Promise<void> = Promise.resolve();
  readonly #sideStop = new AbortController();
  #side: SideConnections | undefined;

  constructor(reception: Reception, handle: FileHandle, options: AttemptOptions) {
    this.#reception = reception;
    this.#handle = handle;
    this.#options = options;
    this.#frontBytes = reception.start.fromBytes;
  }

  /** Of the file that is there now, wherever in it they are. */
  get doneBytes(): number {
    const { tailFrom, totalBytes } = this.#reception.start;
    const before = tailFrom === undefined ? 0 : (totalBytes ?? 0) - tailFrom;
    return this.#frontBytes + before + this.#sideBytes;
  }

  get isDone(): boolean {
    const { totalBytes } = this.#reception.start;
    return totalBytes === undefined ? this.#frontBytes > 0 : this.#frontBytes >= this.#limit;
  }

  get #limit(): number {
    const { tailFrom, totalBytes = Number.POSITIVE_INFINITY } = this.#reception.start;
    return this.#side?.frontLimit ?? tailFrom ?? totalBytes;
  }

  async run(): Promise<void> {
    const { path, response, start, watch } = this.#reception;
    this.#side = this.#openSide();
    for await (const bytes of response.body) {
      watch.touch(bytes.length);
      if (this.#frontBytes === 0) checkMagic(response, bytes);
      if (start.totalBytes === undefined) await this.#leaveRoom(bytes.length);
      await this.#write(bytes);
      this.#frontBytes += bytes.length;
      if (this.#frontBytes > (start.totalBytes ?? Number.POSITIVE_INFINITY)) throw await tooLong(path, response, start);
      if (this.#frontBytes > mostBytesOf(this.#options)) throw await tooLarge(this.#reception, this.#options);
      this.#tell();
      if (this.#frontBytes < this.#limit) continue;
      // The rest comes, or has come, by the others. Leaving the loop ends this response, which has all that they fail to get.
      await this.#side?.end();
      if (this.#side !== undefined && this.#frontBytes >= this.#limit) break;
    }
    await this.#side?.end();
    // A body that only the connection's end bounds ends like any other when it is broken off here.
    this.#reception.signal.throwIfAborted();
  }

  /** Nothing of it is worth anything. */
  giveUp(): void {
    this.#sideStop.abort();
  }

  /** Waits for the pieces under way, and notes which parts of the file are there. */
  async end(): Promise<void> {
    if (this.#side === undefined) return;
    this.#side.stop();
    await this.#side.end();
    await this.#note();
  }

  #openSide(): SideConnections | undefined {
    const { remote, response, start, watch, signal } = this.#reception;
    const { totalBytes, validator } = start;
    const { split = USUAL_SPLIT } = this.#options;
    const takesRanges = response.status === 206 || response.header("accept-ranges") === "bytes";
    if (totalBytes === undefined || validator === undefined || totalBytes < split.leastBytes || !takesRanges)
      return undefined;
    const source = { url: remote.url, headers: commonHeaders(remote), totalBytes, validator };
    return new SideConnections(source, start.tailFrom ?? totalBytes, {
      handle: this.#handle,
      rule: split,
      signal: AbortSignal.any([signal, this.#sideStop.signal]),
      frontBytes: () => this.#frontBytes,
      onTail: () => this.#note(),
      onBytes: (count) => {
        watch.touch(count);
        this.#sideBytes += count;
        this.#tell();
      },
    });
  }

  #tell(): void {
    const { totalBytes } = this.#reception.start;
    const doneBytes = Math.min(this.doneBytes, totalBytes ?? Number.POSITIVE_INFINITY);
    this.#options.onProgress?.({ doneBytes, totalBytes });
  }

  /** One after the other: several pieces may end at once. */
  #note(): Promise<void> {
    this.#noted = this.#noted.then(() => this.#noteNow());
    return this.#noted;
  }

  async #noteNow(): Promise<void> {
    const { path, remote, start } = this.#reception;
    if (this.#side === undefined) return;
    const { totalBytes, validator, sha256 } = start;
    const tailFrom = this.#side.tailFrom;
    const ends = { doneBytes: Math.min(this.#frontBytes, tailFrom), tailFrom };
    await notePartial(path, { url: remote.url, totalBytes, validator, sha256, ends });
  }

  /** A file whose length nobody has told may be without end. */
  async #leaveRoom(bytes: number): Promise<void> {
    if (Math.floor(this.#frontBytes / ROOM_CHECK_BYTES) === Math.floor((this.#frontBytes + bytes) / ROOM_CHECK_BYTES))
      return;
    const { path, response } = this.#reception;
    const freeBytes = await freeBytesOf(path);
    if (freeBytes === undefined || freeBytes > (this.#options.leastFreeBytes ?? LEAST_FREE_BYTES)) return;
    await dropPartial(path);
    const message = `${response.url} does not tell how long it is, and after ${sizeText(this.#frontBytes)} the disk has only ${sizeText(freeBytes)} free. Free some space, or take another server.`;
    throw new ModelError("disk_full", message);
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      await writeFully(this.#handle, bytes, this.#frontBytes);
    } catch (error) {
      throw writeError(this.#reception.path, error);
    }
  }
}

const ROOM_CHECK_BYTES = 64 * 2 ** 20;
const LEAST_FREE_BYTES = 2 ** 30;

async function freeBytesOf(path: string): Promise<number | undefined> {
  const stats = await statfs(dirname(path)).catch(() => undefined);
  return stats && stats.bavail * stats.bsize;
}

async function checkRoom(path: string, start: Start): Promise<void> {
  const freeBytes = await freeBytesOf(path);
  if (freeBytes === undefined || start.totalBytes === undefined) return;
  const neededBytes = (start.tailFrom ?? start.totalBytes) - start.fromBytes;
  if (neededBytes <= freeBytes) return;
  const message = `${path} needs ${sizeText(neededBytes)}, and its disk has ${sizeText(freeBytes)} free. Free some space, or set XDG_CACHE_HOME to another disk.`;
  throw new ModelError("disk_full", message);
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

function mostBytesOf({ mostBytes = USUAL_MOST_BYTES }: AttemptOptions): number {
  return mostBytes;
}

async function tooLarge({ path, response, start }: Reception, options: AttemptOptions): Promise<ModelError> {
  await dropPartial(path);
  const length = start.totalBytes === undefined ? "sends more than" : `is ${sizeText(start.totalBytes)} long, over`;
  const message = `${response.url} ${length} the ${sizeText(mostBytesOf(options))} that a download may have (maxDownload). Check the address, or raise the setting.`;
  return new ModelError("download_too_large", message);
}

async function tooLong(path: string, response: Response, start: Start): Promise<ModelError> {
  await dropPartial(path);
  const message = `${response.url} sent more than the ${start.totalBytes ?? 0} bytes that it announced. Try again later, or another mirror.`;
  return new ModelError("download_wrong_content", message);
}
