import { write } from "node:fs";
import { type DestinationStream, type Logger, pino } from "pino";
import type { Clock } from "@drover/foundation/clock";

/** Where log lines go: JSON text, one line with its newline. */
export type LogLine = string;

export interface Logs {
  readonly logger: Logger;
  /** The last lines, oldest first, and then (with `follow`) each new one until the returned function is called. */
  readonly follow: (onLine: (line: LogLine) => void) => () => void;
  readonly recent: () => readonly LogLine[];
  /** Waits until what was logged is written, for a moment at most. */
  readonly flush: () => Promise<void>;
}

const KEPT_LINES = 2000;
const KEPT_CHARS = 4 * 1024 * 1024;

/**
 * Makes the process's logger. `print` gets each line as it is to be shown. Keeps the last lines for `drover logs`.
 */
export function createLogs(parts: {
  readonly level: string;
  /** How a line is shown; the kept ones stay JSON. */
  readonly show: (line: LogLine) => string;
  readonly sink: LogSink;
}): Logs {
  const kept: LogLine[] = [];
  let keptChars = 0;
  const followers = new Set<(line: LogLine) => void>();
  const destination: DestinationStream = {
    write(line) {
      kept.push(line);
      keptChars += line.length;
      while (kept.length > KEPT_LINES || (keptChars > KEPT_CHARS && kept.length > 1)) {
        keptChars -= kept.shift()?.length ?? 0;
      }
      for (const follower of followers) follower(line);
      parts.sink.write(bareText(line) ?? parts.show(line));
    },
  };
  return {
    logger: pino({ level: parts.level, base: null }, destination),
    recent: () => [...kept],
    follow: (onLine) => {
      followers.add(onLine);
      return () => void followers.delete(onLine);
    },
    flush: () => parts.sink.flush(),
  };
}

/** The text of a line of an access log in another program's format: it stands alone, whatever the format of the rest is. */
export function bareText(line: LogLine): string | undefined {
  // Within a string of the JSON text a quote would have a backslash before it.
  if (!line.includes('"bare":true')) return undefined;
  return `${(JSON.parse(line) as { readonly msg: string }).msg}\n`;
}

/** Where shown lines are written. */
export interface LogSink {
  readonly write: (text: string) => void;
  readonly flush: () => Promise<void>;
}

const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 100;
const FLUSH_LIMIT_MS = 1000;
/**
 * A line behind another waits this long for more: each write wakes another thread, and a write for every few lines of
 * an access log took a tenth of a busy balancer's time.
 */
const GATHER_MS = 20;

/**
 * Writes to a descriptor without ever holding the process up or ending it: a reader that is slow, a closed pipe and a
 * full disk cost log lines and nothing else. How many were lost is written once there is room again.
 */
export function descriptorSink(descriptor: number, clock: Clock): LogSink {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let isWriting = false;
  let whenIdle: (() => void)[] = [];

  const settle = () => {
    if (whenIdle.length > 0) afterGathering();
    else clock.after(GATHER_MS, afterGathering);
  };
  const afterGathering = () => {
    isWriting = false;
    if (waiting.length > 0) return pump();
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  const send = (bytes: Buffer, lines: number) => {
    write(descriptor, bytes, (error, written) => {
      if (error === null && written === bytes.length) return settle();
      if (error === null) return send(bytes.subarray(written), lines);
      if (error.code === "EAGAIN") return void clock.after(RETRY_MS, () => send(bytes, lines));
      lost += lines;
      settle();
    });
  };
  const pump = () => {
    isWriting = true;
    const note = lost > 0 ? [`{"level":40,"msg":"${lost} log lines were lost"}\n`] : [];
    const batch = [...note, ...waiting];
    if (lost > 0) lost = 0;
    waiting = [];
    waitingBytes = 0;
    send(Buffer.from(batch.join("")), batch.length);
  };
  return {
    write(text) {
      if (waitingBytes > MOST_WAITING_BYTES) {
        lost += 1;
        return;
      }
      waiting.push(text);
      waitingBytes += text.length;
      if (!isWriting) pump();
    },
    flush: () =>
      new Promise((resolve) => {
        if (!isWriting) return resolve();
        // A timer left running would keep the process for as long.
        const cancel = clock.after(FLUSH_LIMIT_MS, resolve);
        whenIdle.push(() => {
          cancel();
          resolve();
        });
      }),
  };
}
