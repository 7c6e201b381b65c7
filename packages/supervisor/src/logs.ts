import { type DestinationStream, type Logger, pino } from "pino";
import { systemClock } from "@drover/foundation/clock";
import { createDescriptorWriter, type DescriptorWriter } from "@drover/foundation/files/descriptor-writer";

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
export type LogSink = Pick<DescriptorWriter, "write" | "flush">;

/** Writes to standard output, and says among the lines how many were lost. */
export function outputSink(): LogSink {
  return createDescriptorWriter(1, {
    clock: systemClock,
    lossNote: (lost) => `{"level":40,"msg":"${lost} log lines were lost"}\n`,
  });
}
