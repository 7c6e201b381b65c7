import { jsonOf } from "@drover/foundation/json-text";
import type { Logger } from "pino";

const LEVELS: Readonly<Record<number, "trace" | "debug" | "info" | "warn" | "error" | "fatal">> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
  60: "fatal",
};

/** Hands a worker's line of output on: a JSON line of pino keeps its level and fields, other text becomes a message. */
export function forwardLine(logger: Logger, line: string): void {
  const entry = readEntry(line);
  if (entry === undefined) {
    if (line.trim() !== "") logger.info(line);
    return;
  }
  const { level, msg, time: _time, pid: _pid, hostname: _hostname, ...fields } = entry;
  logger[LEVELS[level] ?? "info"](fields, msg);
}

type Entry = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

function readEntry(line: string): Entry | undefined {
  const value = line.startsWith("{") ? (jsonOf(line) as Partial<Entry> | undefined) : undefined;
  return typeof value?.level === "number" && typeof value.msg === "string" ? (value as Entry) : undefined;
}
