import { printable } from "@drover/foundation/printable";
import { bareText, type LogLine } from "@drover/supervisor/logs";
import { prettyFactory } from "pino-pretty";

/** Shows a JSON line as people read it. */
export function prettyLine(hasColors: boolean): (line: LogLine) => string {
  const format = prettyFactory({
    colorize: hasColors,
    translateTime: "SYS:HH:MM:ss",
    ignore: "pid,hostname,worker",
    messageFormat: (log, key) => {
      const worker = log["worker"];
      const text = log[key];
      return `${typeof worker === "string" ? `worker ${worker}: ` : ""}${typeof text === "string" ? printable(text) : ""}`;
    },
    singleLine: true,
  });
  return (line) => {
    const bare = bareText(line);
    return bare === undefined ? format(withoutEcho(JSON.parse(line) as Entry)) : printable(bare);
  };
}

type Entry = Readonly<Record<string, unknown>>;

/** The message of a change of state says all of it; a terminal has no room for it twice. */
function withoutEcho(entry: Entry): Entry {
  if (typeof entry["from"] !== "string" || typeof entry["event"] !== "string") return entry;
  const { from: _from, to: _to, event: _event, reason: _reason, ...rest } = entry;
  return rest;
}
