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
    if (!this.#files.has(path)) this.#files.set(path, openLog(path, this.#clock));
  }

  /** Text is one character per byte. What cannot be written is lost, as in nginx. */
  write(path: string, text: string): void {
    let file = this.#files.get(path);
    if (file === undefined) {
      try {
        file = openLog(path, this.#clock);
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

  /** Opens every file anew under its name; one that cannot be had stays as it is. Lines under way still go to the old file. */
  reopen(): void {
    for (const [path, file] of this.#files) {
      if (standard[path] !== undefined) continue;
      try {
        this.#files.set(path, openLog(path, this.#clock));
        file.close();
      } catch {
        // The old file stays in use.
      }
    }
  }

  /** Resolves when all that was written so far is in the files; a reader that has stopped is not waited for. */
  async flush(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }
}

/** Open descriptors rather than names: a socket (journald) has no name to open. */
const standard: Readonly<Record<string, number>> = { "/dev/stdout": 1, "/dev/stderr": 2 };

interface LogFile extends DescriptorWriter {
  readonly close: () => void;
}

/** @throws NginxConfigError as nginx says it */
function openLog(path: string, clock: Clock): LogFile {
  const fd = standard[path] ?? openFile(path);
  const writer = createDescriptorWriter(fd, { clock, encoding: "latin1" });
  const close = (): void => {
    if (standard[path] === undefined) void writer.written().then(() => closeSync(fd));
  };
  return { write: writer.write, written: writer.written, flush: writer.flush, close };
}

/** A byte as nginx escapes it in logs: `\x1F`. */
export function hex(ch: string): string {
  return `\\x${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function openFile(path: string): number {
  try {
    return openSync(toPath(path), "a", 0o644);
  } catch (error) {
    throw new NginxConfigError(`open() "${toPath(path)}" failed (${systemError(error)})`);
  }
}
