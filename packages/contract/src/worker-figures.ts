/**
 * The figures that a worker sends with each heartbeat. A new one is a row here, and the line in the worker that counts it: the supervisor
 * serves every row at `/metrics`, with the worker's id as its label `worker`.
 */

/** One figure. Its samples are told apart by the values of `labels`. */
export interface WorkerFigure {
  /** Name in Prometheus. */
  readonly name: `drover_worker_${string}`;
  /** A counter is a sum since the start of the process and only grows. */
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** @default none */
  readonly labels?: readonly string[];
  /** Samples that are there before anything was counted, so that the first event is seen as a growth. @default the one without labels */
  readonly initial?: readonly string[];
}

export const workerFigures = {
  tokens: {
    name: "drover_worker_tokens_total",
    type: "counter",
    help: "Tokens by kind: prompt (evaluated), cached (of prompts, not evaluated), completion, drafted (guessed), draft_held (guesses that came true).",
    labels: ["kind"],
    initial: ["prompt", "cached", "completion", "drafted", "draft_held"],
  },
  steps: {
    name: "drover_worker_steps_total",
    type: "counter",
    help: "llama.cpp decodes, by phase (prompt: a piece of one prompt; decode: a token of each running response) and the tokens in them, rounded up to a power of two.",
    labels: ["phase", "size"],
    initial: [],
  },
  stepSeconds: {
    name: "drover_worker_step_seconds_total",
    type: "counter",
    help: "Time in llama.cpp's decodes, by phase and size as drover_worker_steps_total.",
    labels: ["phase", "size"],
    initial: ["prompt 1", "decode 1"],
  },
  prompts: {
    name: "drover_worker_prompts_total",
    type: "counter",
    help: "Prompts that were given a slot, by where their beginning was found: slot, copy (of another slot), snapshot, nothing.",
    labels: ["source"],
    initial: ["slot", "copy", "snapshot", "nothing"],
  },
  snapshots: {
    name: "drover_worker_snapshots_total",
    type: "counter",
    help: "KV snapshots that were saved and loaded.",
    labels: ["event"],
    initial: ["saved", "loaded"],
  },
  snapshotBytes: {
    name: "drover_worker_snapshot_bytes_total",
    type: "counter",
    help: "Bytes of the KV snapshots that were saved and loaded.",
    labels: ["event"],
    initial: ["saved", "loaded"],
  },
  running: { name: "drover_worker_requests_running", type: "gauge", help: "Generations that hold a slot." },
  waiting: {
    name: "drover_worker_requests_waiting",
    type: "gauge",
    help: "Generations that wait in the worker for a slot.",
  },
  slots: { name: "drover_worker_slots", type: "gauge", help: "Slots of the worker." },
  kvTokens: {
    name: "drover_worker_kv_tokens",
    type: "gauge",
    help: "Tokens in the worker's KV cache: used (by running requests), kept (of ended ones, for the next).",
    labels: ["state"],
    initial: ["used", "kept"],
  },
  kvCapacity: {
    name: "drover_worker_kv_capacity_tokens",
    type: "gauge",
    help: "Tokens that the worker's KV cache holds at most.",
  },
} as const satisfies Readonly<Record<string, WorkerFigure>>;

export type FigureName = keyof typeof workerFigures;

/** Samples of one figure: the values of its labels, joined by blanks, and the number. */
export type FigureSamples = Readonly<Record<string, number>>;

export type WorkerFigures = Readonly<Partial<Record<FigureName, FigureSamples>>>;

/** Labels of a sample, by the key under which it was sent. */
export function labelsOf({ labels = [] }: WorkerFigure, key: string): Record<string, string> {
  const values = key.split(" ");
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ""]));
}
