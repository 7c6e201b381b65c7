import { oneOf, text } from "../quantities.ts";
import type { Setting } from "../setting.ts";

/** How a running drover is reached, and what it logs. */
export const operationSettings = [
  {
    path: "admin.socket",
    schema: text(),
    default: "auto",
    flag: "admin-socket",
    reload: "restart",
    doc: "Unix socket of `drover status` and the like. `auto` is $XDG_RUNTIME_DIR/drover.sock, else one in the temporary folder named by user id.",
  },
  {
    path: "log.level",
    schema: oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent"),
    default: "info",
    flag: "log-level",
    reload: "live",
    doc: "Least level that is logged.",
  },
  {
    path: "log.format",
    schema: oneOf("auto", "pretty", "json"),
    default: "auto",
    flag: "log-format",
    reload: "restart",
    doc: "`auto` is pretty on a terminal and JSON lines elsewhere.",
  },
  {
    path: "log.access",
    schema: oneOf("off", "json", "combined"),
    default: "off",
    flag: "access-log",
    reload: "live",
    doc: "One line for each request.",
  },
] as const satisfies readonly Setting[];
