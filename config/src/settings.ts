import { z } from "zod";
import { address, autoOrWhole, duration, flag, list, size, whole } from "./quantities.ts";
import type { Setting } from "./setting.ts";

const text = () => z.string({ error: "a text" }).min(1, { error: "a text that is not empty" });
const oneOf = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names, { error: `one of ${names.join(", ")}` });
const workerCount = () => {
  const error = { error: 'a whole number from 1 to 1024, "auto", or a range such as 1..4' };
  const range = z
    .string()
    .regex(/^\d+\.\.\d+$/, error)
    .refine(rises, error);
  return z.union([z.literal("auto"), whole(1, 1024), range], error);
};
/** Whether a range such as `1..4` starts at 1 or more and does not fall. */
function rises(range: string): boolean {
  const [from = 0, to = 0] = range.split("..").map(Number);
  return from >= 1 && from <= to && to <= 1024;
}

/**
 * The settings table. A setting is one row here and nothing else: its flag, environment variable, file key, check,
 * JSON Schema, help and documentation all come from the row.
 */
export const settingsTable = [
  // --- what is served, and by how many workers
  {
    path: "model",
    schema: text(),
    default: "demo",
    flag: "model",
    alias: "m",
    reload: "roll",
    doc: "GGUF file to serve: a path, `demo`, `hf:org/repo/file.gguf`, `hf:org/repo:Q4_K_M`, `ms:org/repo/file.gguf` or a https:// address.",
  },
  {
    path: "workers.count",
    schema: workerCount(),
    default: "auto",
    flag: "workers",
    alias: "w",
    reload: "roll",
    doc: "Worker processes. `auto` decides from the CPUs and memory at hand; `1..4` scales with the load.",
  },
  {
    path: "workers.threads",
    schema: autoOrWhole(1),
    default: "auto",
    flag: "threads",
    alias: "t",
    reload: "roll",
    doc: "Threads, and so CPUs, of each worker. `auto` uses every CPU once.",
  },
  {
    path: "workers.slots",
    schema: autoOrWhole(1),
    default: "auto",
    flag: "slots",
    alias: "s",
    reload: "roll",
    doc: "Requests that one worker generates at a time, batched into one decode. `auto` is 8.",
  },
  {
    path: "workers.context",
    schema: autoOrWhole(64),
    default: "auto",
    unit: "tokens",
    flag: "ctx",
    alias: "c",
    reload: "roll",
    doc: "Context of one slot: prompt and answer together. `auto` is the model's own, at most 4096.",
  },
  {
    path: "workers.firstPort",
    schema: whole(1, 65535),
    default: 8081,
    flag: "worker-port",
    reload: "roll",
    doc: "Port of the first worker on 127.0.0.1; the others follow. A port in use is skipped.",
  },
  {
    path: "workers.command",
    schema: text(),
    default: undefined,
    flag: "worker-command",
    reload: "roll",
    doc: "Run this command as the worker instead of Drover's own. `{port} {threads} {cpus} {model} {index}` are filled in.",
  },
  {
    path: "workers.pin",
    schema: flag(),
    default: true,
    flag: "pin",
    reload: "roll",
    doc: "Pin each worker to its own CPUs (Linux).",
  },
  {
    path: "workers.itlTarget",
    schema: duration(),
    default: "250ms",
    unit: "duration",
    flag: "itl-target-ms",
    reload: "roll",
    doc: "Longest time between two tokens of a running answer that the reading of new prompts may cause.",
  },
  {
    path: "workers.batch",
    schema: whole(32, 65536),
    default: 512,
    unit: "tokens",
    flag: "batch",
    reload: "roll",
    doc: "Most tokens in one decode.",
  },
  {
    path: "workers.flashAttention",
    schema: oneOf("auto", "on", "off"),
    default: "auto",
    flag: "flash-attention",
    reload: "roll",
    doc: "Use llama.cpp's flash attention.",
  },
  {
    path: "workers.kvType",
    schema: oneOf("f16", "q8_0", "q4_0"),
    default: "f16",
    flag: "kv-type",
    reload: "roll",
    doc: "Type of the KV cache; q8_0 halves its memory.",
  },
  {
    path: "workers.speculate",
    schema: oneOf("off", "lookup"),
    default: "off",
    flag: "speculate",
    reload: "roll",
    doc: "Guess tokens from the text so far and check several in one step. Helps where answers repeat the prompt.",
  },
  {
    path: "workers.embeddings",
    schema: flag(),
    default: false,
    flag: "embeddings",
    reload: "roll",
    doc: "Load the model for /v1/embeddings.",
  },
  {
    path: "strict",
    schema: flag(),
    default: false,
    flag: "strict",
    reload: "restart",
    doc: "Refuse to start where Drover would only warn, such as more threads than CPUs.",
  },
  // --- the public port
  {
    path: "listen",
    schema: address(),
    default: "127.0.0.1:8080",
    flag: "listen",
    alias: "l",
    reload: "restart",
    doc: "Where clients connect: HOST:PORT, [IPV6]:PORT, PORT (on every interface) or unix:/path; several with commas.",
  },
  {
    path: "apiKeys",
    schema: list(),
    default: [],
    flag: "api-key",
    secret: true,
    reload: "live",
    doc: "Keys that clients must send as `Authorization: Bearer KEY`; `label=KEY` names one in logs and metrics. None: open to all.",
  },
  {
    path: "apiKeysFile",
    schema: text(),
    default: undefined,
    flag: "api-keys-file",
    reload: "live",
    doc: "File with one key a line (`label=KEY`); read again on reload.",
  },
  {
    path: "maxBody",
    schema: size(),
    default: "10MiB",
    unit: "size",
    flag: "max-body",
    reload: "live",
    doc: "Largest request body; over it the answer is 413.",
  },
  // --- routing
  {
    path: "balancer.policy",
    schema: oneOf("least_conn", "round_robin", "random_two", "ip_hash", "hash", "prefix"),
    default: "least_conn",
    flag: "policy",
    reload: "live",
    doc: "How a request finds its worker.",
  },
  {
    path: "balancer.upstreams",
    schema: list(),
    default: [],
    flag: "upstream",
    reload: "live",
    doc: "Servers that Drover does not start but routes to: `http://HOST:PORT [weight=N] [max_conns=N] [backup]`.",
  },
  {
    path: "balancer.connectTimeout",
    schema: duration(),
    default: "5s",
    unit: "duration",
    reload: "live",
    doc: "Longest wait for a connection to a worker.",
  },
  {
    path: "balancer.readTimeout",
    schema: duration(),
    default: "60s",
    unit: "duration",
    flag: "read-timeout",
    reload: "live",
    doc: "Longest silence of an upstream that Drover does not own; workers of its own are judged by their heartbeat.",
  },
  {
    path: "queue.limit",
    schema: whole(0),
    default: 1000,
    unit: "requests",
    flag: "queue-limit",
    reload: "live",
    doc: "Requests that may wait for a slot; one more is answered 429.",
  },
  {
    path: "queue.timeout",
    schema: duration(),
    default: "120s",
    unit: "duration",
    flag: "queue-timeout",
    reload: "live",
    doc: "Longest wait for a slot; then the answer is 503.",
  },
  // --- supervision
  {
    path: "supervision.livenessTimeout",
    schema: duration(),
    default: "10s",
    unit: "duration",
    flag: "liveness-timeout",
    reload: "live",
    doc: "A worker without a heartbeat for this long is killed and started anew.",
  },
  {
    path: "supervision.stallTimeout",
    schema: duration(),
    default: "60s",
    unit: "duration",
    flag: "stall-timeout",
    reload: "live",
    doc: "A worker with requests but no engine step for this long is killed and started anew.",
  },
  {
    path: "supervision.startTimeout",
    schema: duration(),
    default: "10m",
    unit: "duration",
    reload: "live",
    doc: "Longest time from a worker's start to its first token.",
  },
  {
    path: "supervision.drainTimeout",
    schema: duration(),
    default: "30s",
    unit: "duration",
    flag: "drain-timeout",
    reload: "live",
    doc: "How long running answers may take to end when a worker or drover itself is asked to stop.",
  },
  {
    path: "supervision.grace",
    schema: duration(),
    default: "5s",
    unit: "duration",
    reload: "live",
    doc: "Time from TERM to KILL.",
  },
  {
    path: "supervision.backoff",
    schema: duration(),
    default: "500ms",
    unit: "duration",
    reload: "live",
    doc: "Delay before a worker's first restart; doubles with each.",
  },
  {
    path: "supervision.backoffLimit",
    schema: duration(),
    default: "30s",
    unit: "duration",
    reload: "live",
    doc: "Longest delay before a restart.",
  },
  {
    path: "supervision.maxRestarts",
    schema: whole(1),
    default: 5,
    unit: "restarts",
    reload: "live",
    doc: "Restarts within `supervision.restartWindow`; one more is quarantine.",
  },
  {
    path: "supervision.restartWindow",
    schema: duration(),
    default: "60s",
    unit: "duration",
    reload: "live",
    doc: "Window of `supervision.maxRestarts`; a worker that was up this long starts over with the first backoff.",
  },
  {
    path: "supervision.memoryLimit",
    schema: size(),
    default: "0",
    unit: "size",
    flag: "worker-memory-limit",
    reload: "live",
    doc: "Anonymous memory plus swap over which a worker is drained and replaced. 0: no limit.",
  },
  {
    path: "supervision.idleSleep",
    schema: duration(),
    default: "0",
    unit: "duration",
    flag: "idle-sleep",
    reload: "live",
    doc: "Unload all workers after this long without a request; the next request wakes them. 0: never.",
  },
  {
    path: "supervision.scaleUpAfter",
    schema: duration(),
    default: "3s",
    unit: "duration",
    reload: "live",
    doc: "With `workers.count` as a range: requests wait for this long before a worker is added.",
  },
  {
    path: "supervision.scaleDownAfter",
    schema: duration(),
    default: "2m",
    unit: "duration",
    reload: "live",
    doc: "With `workers.count` as a range: one worker fewer was enough for this long before one goes.",
  },
  // --- probes of a `workers.command`, which has no heartbeat
  {
    path: "checks.path",
    schema: text(),
    default: "/health",
    reload: "live",
    doc: "What is asked of a worker started by `workers.command`; a status from 200 to 399 is good.",
  },
  {
    path: "checks.body",
    schema: text(),
    default: undefined,
    reload: "live",
    doc: "Text that a good answer must contain.",
  },
  {
    path: "checks.interval",
    schema: duration(),
    default: "2s",
    unit: "duration",
    reload: "live",
    doc: "Time between two probes.",
  },
  {
    path: "checks.timeout",
    schema: duration(),
    default: "5s",
    unit: "duration",
    reload: "live",
    doc: "Longest wait for the answer to a probe.",
  },
  {
    path: "checks.rise",
    schema: whole(1),
    default: 1,
    unit: "probes",
    reload: "live",
    doc: "Good probes in a row until the worker is ready.",
  },
  {
    path: "checks.fall",
    schema: whole(1),
    default: 3,
    unit: "probes",
    reload: "live",
    doc: "Bad probes in a row until the worker is killed and started anew.",
  },
  // --- operation
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

type Row = (typeof settingsTable)[number];
type Nested<Path extends string, Value> = Path extends `${infer Head}.${infer Rest}`
  ? { readonly [K in Head]: Nested<Rest, Value> }
  : { readonly [K in Path]: Value };
type Value<R extends Row> = R extends { readonly default: undefined }
  ? z.output<R["schema"]> | undefined
  : z.output<R["schema"]>;
type EachNested = { [R in Row as R["path"]]: Nested<R["path"], Value<R>> };
type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;

/** All settings, complete and checked: `settings.workers.slots`. Durations are in milliseconds, sizes in bytes. */
export type Settings = Both<EachNested[keyof EachNested]>;

/** Path of a setting, such as `workers.slots`. */
export type SettingPath = Row["path"];
