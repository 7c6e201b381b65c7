import { closeSync, openSync } from "node:fs";
import { NginxConfigError } from "../errors.ts";
import { systemError, toPath } from "../system-error.ts";
import { errorTime } from "@drover/balancer/engine";
import type { Clock } from "@drover/foundation/clock";
import { createDescriptorWriter, type DescriptorWriter } from "@drover/foundation/files/descriptor-writer";
import { type ErrorLogModel, type LogLevel, logLevels } from "../model/model.ts";

/** Names with variables in them could be any number; with more than this open, the one opened first is closed. */
const mostOpen = 500;

/** Log files by path: opened once, written to without waiting, opened anew after a rotation (USR1). */
export class LogFiles {
  readonly #files = new Map<string, LogFile>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens a file so that a mistake shows at the start. @throws NginxConfigError as nginx says it */
  open(path: string): void {
    if (!this.#files.has(path)) this.#files.set(path, new LogFile(path, this.#clock));
  }

  /** Text is one character per byte. What cannot be written is lost, as in nginx. */
  write(path: string, text: string): void {
    let file = this.#files.get(path);
    if (file === undefined) {
      try {
        file = new LogFile(path, this.#clock);
      } catch {
        return;
      }
      this.#files.set(path, file);
      this.#closeOldest();
    }
    file.write(text);
  }

  #closeOldest(): void {
    const [oldest] = this.#files;
    if (this.#files.size <= mostOpen || oldest === undefined) return;
    const [path, file] = oldest;
    this.#files.delete(path);
    file.close();
  }

  /** Writes to each error log whose level lets it through, always one line: a variable may have a line feed in it. */
  error(logs: readonly ErrorLogModel[], level: LogLevel, message: string, connection?: number): void {
    const from = connection === undefined ? "" : `*${connection} `;
    // oxlint-disable-next-line no-control-regex -- these bytes are what is escaped
    const text = message.replaceAll(/[\0-\x08\x0a-\x1f\x7f]/g, hex);
    const line = `${errorTime(this.#clock.epochMs())} [${level}] ${process.pid}#0: ${from}${text}\n`;
    for (const log of logs) {
      if (logLevels.indexOf(level) < logLevels.indexOf(log.level)) continue;
      this.write(log.path ?? "/dev/stderr", Buffer.from(line, "utf8").toString("latin1"));
    }
  }

  /** Opens every file anew under its name. */
  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  /** Resolves when all that was written so far is in the files; a reader that has stopped is not waited for. */
  async flush(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }
}

/** Open descriptors rather than names: a socket (journald) has no name to open. */
const standard: Readonly<Record<string, number>> = { "/dev/stdout": 1, "/dev/stderr": 2 };

class LogFile {
  readonly #path: string;
  readonly #clock: Clock;
  #fd: number;
  #writer: DescriptorWriter;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.#fd = openLog(path);
    this.#writer = this.#newWriter();
  }

  write(text: string): void {
    this.#writer.write(text);
  }

  reopen(): void {
    if (standard[this.#path] !== undefined) return;
    try {
      const fd = openLog(this.#path);
      // Lines under way still go to the old file.
      this.close();
      this.#fd = fd;
      this.#writer = this.#newWriter();
    } catch {
      // The old file stays in use.
    }
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): void {
    const fd = this.#fd;
    if (standard[this.#path] === undefined) void this.#writer.written().then(() => closeSync(fd));
  }

  #newWriter(): DescriptorWriter {
    return createDescriptorWriter(this.#fd, { clock: this.#clock, encoding: "latin1" });
  }
}

/** A byte as nginx escapes it in logs: `\x1F`. */
export function hex(ch: string): string {
  return `\\x${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function openLog(path: string): number {
  const fd = standard[path];
  if (fd !== undefined) return fd;
  try {
    return openSync(toPath(path), "a", 0o644);
  } catch (error) {
    throw new NginxConfigError(`open() "${toPath(path)}" failed (${systemError(error)})`);
  }
}
