import { addScraped } from "@drover/balancer/engine";
import type { Settings } from "@drover/config";
import { sum as total } from "@drover/foundation/sums";
import type { Registry } from "prom-client";

/** The names that dashboards and routers of other servers read. */
type CompatNames = Exclude<Settings["metrics"]["compat"], "off">;

/** Sums the samples of one of Drover's own metrics that have these labels; 0 where there are none. */
type Sum = (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;

interface Row {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly value: (sum: Sum) => Promise<number>;
}

/** Where the figures come from that every server has. */
interface Source {
  readonly running: Row["value"];
  readonly waiting: Row["value"];
  /** Tokens of prompts, without those that were cached. */
  readonly evaluated: Row["value"];
  readonly prompt: Row["value"];
  readonly completion: Row["value"];
}

const tokens = (kind: string) => async (sum: Sum) => await sum("drover_worker_tokens_total", { kind });

const ownWorkers: Source = {
  running: (sum) => sum("drover_worker_requests_running"),
  waiting: async (sum) => (await sum("drover_queue_depth")) + (await sum("drover_worker_requests_waiting")),
  evaluated: tokens("prompt"),
  prompt: async (sum) => (await tokens("prompt")(sum)) + (await tokens("cached")(sum)),
  completion: tokens("completion"),
};

const tokensOf = (kind: string) => async (sum: Sum) => await sum("drover_tokens_total", { kind });

/** Tokens are those that responses tell. */
const otherServers: Source = {
  running: (sum) => sum("drover_upstream_active"),
  waiting: (sum) => sum("drover_queue_depth"),
  evaluated: async (sum) => (await tokensOf("prompt")(sum)) - (await tokensOf("cached")(sum)),
  prompt: tokensOf("prompt"),
  completion: tokensOf("completion"),
};

/** As `llama-server --metrics` and vLLM name what can be seen of any server. */
const common: Readonly<Record<CompatNames, (source: Source) => readonly Row[]>> = {
  llamacpp: ({ running, waiting, evaluated, completion }) => [
    counter("llamacpp:prompt_tokens_total", "Prompt tokens evaluated.", evaluated),
    counter("llamacpp:tokens_predicted_total", "Tokens generated.", completion),
    gauge("llamacpp:requests_processing", "Requests that are processed.", running),
    gauge("llamacpp:requests_deferred", "Requests that wait.", waiting),
  ],
  vllm: ({ running, waiting, prompt, completion }) => [
    gauge("vllm:num_requests_running", "Requests that are processed.", running),
    gauge("vllm:num_requests_waiting", "Requests that wait.", waiting),
    counter("vllm:prompt_tokens_total", "Prompt tokens.", prompt),
    counter("vllm:generation_tokens_total", "Tokens generated.", completion),
  ],
};

const phaseSeconds = (phase: string) => async (sum: Sum) => await sum("drover_worker_step_seconds_total", { phase });
const kvShare = ratio(
  (sum) => sum("drover_worker_kv_tokens"),
  (sum) => sum("drover_worker_kv_capacity_tokens"),
);

/** What only Drover's own workers tell. */
const ofWorkers: Readonly<Record<CompatNames, readonly Row[]>> = {
  llamacpp: [
    counter("llamacpp:prompt_seconds_total", "Time of prompt evaluation.", phaseSeconds("prompt")),
    counter("llamacpp:tokens_predicted_seconds_total", "Time of generation.", phaseSeconds("decode")),
    counter("llamacpp:n_decode_total", "Calls of llama_decode.", (sum) => sum("drover_worker_steps_total")),
    gauge(
      "llamacpp:n_busy_slots_per_decode",
      "Mean of the slots in a decode.",
      ratio(tokens("completion"), (sum) => sum("drover_worker_steps_total", { phase: "decode" })),
    ),
    gauge("llamacpp:prompt_tokens_seconds", "Mean prompt tokens/s.", ratio(tokens("prompt"), phaseSeconds("prompt"))),
    gauge(
      "llamacpp:predicted_tokens_seconds",
      "Mean generated tokens/s.",
      ratio(tokens("completion"), phaseSeconds("decode")),
    ),
    gauge("llamacpp:kv_cache_usage_ratio", "Share of the KV cache that is in use.", kvShare),
    gauge("llamacpp:kv_cache_tokens", "Tokens in the KV cache.", (sum) => sum("drover_worker_kv_tokens")),
  ],
  vllm: [
    gauge("vllm:kv_cache_usage_perc", "Share of the KV cache that is in use; 1 is all of it.", kvShare),
    gauge("vllm:gpu_cache_usage_perc", "The same, by its earlier name.", kvShare),
    counter("vllm:prefix_cache_queries_total", "Prompt tokens that were looked up.", ownWorkers.prompt),
    counter("vllm:prefix_cache_hits_total", "Prompt tokens that were found.", tokens("cached")),
  ],
};

/** What vLLM calls the ends of a generation, and which of ours they are. */
const vllmFinishes = {
  stop: ["stop", "tool_calls"],
  length: ["length"],
  abort: ["cancelled"],
  error: ["failed"],
} as const;

/**
 * Adds the names of another server to a registry that has all of Drover's own.
 * @param model of Drover's own workers: the label `model_name` of vLLM's; undefined: it starts none, and only what can be seen of others is there
 */
export function addCompatNames(registry: Registry, names: CompatNames | "off", model?: () => string): void {
  if (names === "off") return;
  const labels: Labels = () => (names === "vllm" && model !== undefined ? { model_name: model() } : {});
  const rows = model === undefined ? common[names](otherServers) : [...common[names](ownWorkers), ...ofWorkers[names]];
  for (const row of rows) addRow(registry, row, labels);
  if (names === "vllm") addFinishes(registry, labels);
}

function addFinishes(registry: Registry, labels: Labels): void {
  const metric = {
    name: "vllm:request_success_total",
    help: "Requests that have ended, by what ended the generation.",
    labelNames: [...Object.keys(labels()), "finished_reason"],
  };
  addScraped(registry, "counter", metric, () =>
    Promise.all(
      Object.entries(vllmFinishes).map(async ([finished_reason, ours]) => {
        const counts = ours.map((finish) => sumOf(registry, "drover_generations_total", { finish }));
        return [{ ...labels(), finished_reason }, total(await Promise.all(counts))] as const;
      }),
    ),
  );
}

type Labels = () => Record<string, string>;

function addRow(registry: Registry, { name, kind, help, value }: Row, labels: Labels): void {
  addScraped(registry, kind, { name, help, labelNames: Object.keys(labels()) }, async () => [
    [labels(), await value((own, some) => sumOf(registry, own, some))],
  ]);
}

async function sumOf(registry: Registry, name: string, wanted: Readonly<Record<string, string>> = {}): Promise<number> {
  const { values = [] } = (await registry.getSingleMetric(name)?.get()) ?? {};
  const meant = values.filter(({ labels }) =>
    Object.entries(wanted).every(([label, value]) => labels[label] === value),
  );
  return total(meant.map(({ value }) => value));
}

function ratio(part: Row["value"], whole: Row["value"]): Row["value"] {
  return async (sum) => {
    const all = await whole(sum);
    return all === 0 ? 0 : (await part(sum)) / all;
  };
}

function counter(name: string, help: string, value: Row["value"]): Row {
  return { name, kind: "counter", help, value };
}

function gauge(name: string, help: string, value: Row["value"]): Row {
  return { name, kind: "gauge", help, value };
}
