import { httpUrl, oneOf, secret, text, whole } from "../setting-values.ts";
import type { Setting } from "../setting.ts";

/** How a running drover is reached, and what it logs. */
export const operationSettings = [
  {
    path: "admin.socket",
    schema: text(),
    default: "auto",
    flag: "admin-socket",
    reload: "restart",
    doc: "Unix socket of `drover status` and the like. `auto` is drover.sock in $XDG_RUNTIME_DIR, else in /run/user/UID, else in a folder of the user's own among the temporary ones.",
  },
  {
    path: "admin.key",
    schema: secret(8),
    default: undefined,
    flag: "admin-key",
    secret: true,
    reload: "live",
    doc: "Key that the console's buttons ask for (drain, restart, scale, reload), beside an API key where those are set. None: it only shows.",
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
  {
    path: "log.explain",
    schema: whole(0, 100_000),
    default: 1000,
    unit: "requests",
    flag: "explain",
    reload: "live",
    doc: "The last requests of which `drover explain` can tell how they went; nothing of their texts is kept. 0: none.",
  },
  {
    path: "traces.otlp",
    schema: httpUrl(),
    default: undefined,
    flag: "otlp",
    reload: "restart",
    doc: "Collector that gets a trace of each request by OTLP over HTTP, such as `http://127.0.0.1:4318` (without a path: `/v1/traces`). None: a client's `traceparent` is passed on as it came.",
  },
  {
    path: "metrics.compat",
    schema: oneOf("off", "llamacpp", "vllm"),
    default: "off",
    flag: "metrics-compat",
    reload: "restart",
    doc: "Also gives `/metrics` the names of another server, for dashboards and routers that read those.",
  },
] as const satisfies readonly Setting[];
