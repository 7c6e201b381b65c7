import type { Readable } from "node:stream";
import { jsonOf } from "@drover/foundation/json-text";
import { type Level, type Logger, pino } from "pino";

/** A longer line is cut in pieces: a program that never ends one must not take all memory. */
const LONGEST_LINE = 65_536;

/** Calls `onLine` with each line of a stream, its last one included where nothing ends it. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("error", () => {});
  stream.on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) onLine(rest.slice(0, LONGEST_LINE));
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

/** Hands a worker's line of output on: a JSON line of pino keeps its level and fields, other text becomes a message. */
export function forwardLine(logger: Logger, line: string): void {
  const entry = readEntry(line);
  if (entry === undefined) {
    if (line.trim() !== "") logger.info(line);
    return;
  }
  const { level, msg, time: _time, pid: _pid, hostname: _hostname, ...fields } = entry;
  logger[(pino.levels.labels[level] ?? "info") as Level](fields, msg);
}

type Entry = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

function readEntry(line: string): Entry | undefined {
  const value = line.startsWith("{") ? (jsonOf(line) as Partial<Entry> | undefined) : undefined;
  return typeof value?.level === "number" && typeof value.msg === "string" ? (value as Entry) : undefined;
}
