import { addScraped } from "@drover/balancer/engine";
import type { Settings } from "@drover/config";
import { sum as total } from "@drover/foundation/sums";
import type { Registry } from "prom-client";

/** The names that dashboards and routers of other servers read. */
export type CompatNames = Exclude<Settings["metrics"]["compat"], "off">;

/** Sums the samples of one of Drover's own metrics that have these labels; 0 where there are none. */
type Sum = (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;

interface Row {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly value: (sum: Sum) => Promise<number>;
}

const tokens = (kind: string) => async (sum: Sum) => await sum("drover_worker_tokens_total", { kind });
const promptTokens = async (sum: Sum) => (await tokens("prompt")(sum)) + (await tokens("cached")(sum));
const phaseSeconds = (phase: string) => async (sum: Sum) => await sum("drover_worker_step_seconds_total", { phase });
const running = (sum: Sum) => sum("drover_worker_requests_running");
const waiting = async (sum: Sum) => (await sum("drover_queue_depth")) + (await sum("drover_worker_requests_waiting"));
const kvShare = ratio(
  (sum) => sum("drover_worker_kv_tokens"),
  (sum) => sum("drover_worker_kv_capacity_tokens"),
);

/** As `llama-server --metrics` names them. */
const llamacpp: readonly Row[] = [
  counter("llamacpp:prompt_tokens_total", "Prompt tokens evaluated.", tokens("prompt")),
  counter("llamacpp:prompt_seconds_total", "Time of prompt evaluation.", phaseSeconds("prompt")),
  counter("llamacpp:tokens_predicted_total", "Tokens generated.", tokens("completion")),
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
  gauge("llamacpp:requests_processing", "Requests that are processed.", running),
  gauge("llamacpp:requests_deferred", "Requests that wait.", waiting),
  gauge("llamacpp:kv_cache_usage_ratio", "Share of the KV cache that is in use.", kvShare),
  gauge("llamacpp:kv_cache_tokens", "Tokens in the KV cache.", (sum) => sum("drover_worker_kv_tokens")),
];

/** As vLLM names them. */
const vllm: readonly Row[] = [
  gauge("vllm:num_requests_running", "Requests that are processed.", running),
  gauge("vllm:num_requests_waiting", "Requests that wait.", waiting),
  gauge("vllm:kv_cache_usage_perc", "Share of the KV cache that is in use; 1 is all of it.", kvShare),
  gauge("vllm:gpu_cache_usage_perc", "The same, by its earlier name.", kvShare),
  counter("vllm:prompt_tokens_total", "Prompt tokens.", promptTokens),
  counter("vllm:generation_tokens_total", "Tokens generated.", tokens("completion")),
  counter("vllm:prefix_cache_queries_total", "Prompt tokens that were looked up.", promptTokens),
  counter("vllm:prefix_cache_hits_total", "Prompt tokens that were found.", tokens("cached")),
];

/** What vLLM calls the ends of a generation, and which of ours they are. */
const vllmFinishes = {
  stop: ["stop", "tool_calls"],
  length: ["length"],
  abort: ["cancelled"],
  error: ["failed"],
} as const;

const onUpstreams = (sum: Sum) => sum("drover_upstream_active");
const queued = (sum: Sum) => sum("drover_queue_depth");
const told = (kind: string) => async (sum: Sum) => await sum("drover_tokens_total", { kind });

/** The rows that need no worker of ours; tokens are those that responses tell. */
const foreign: Readonly<Record<CompatNames, readonly Row[]>> = {
  llamacpp: [
    gauge("llamacpp:requests_processing", "Requests that are processed.", onUpstreams),
    gauge("llamacpp:requests_deferred", "Requests that wait.", queued),
    counter(
      "llamacpp:prompt_tokens_total",
      "Prompt tokens evaluated.",
      async (sum) => (await told("prompt")(sum)) - (await told("cached")(sum)),
    ),
    counter("llamacpp:tokens_predicted_total", "Tokens generated.", told("completion")),
  ],
  vllm: [
    gauge("vllm:num_requests_running", "Requests that are processed.", onUpstreams),
    gauge("vllm:num_requests_waiting", "Requests that wait.", queued),
    counter("vllm:prompt_tokens_total", "Prompt tokens.", told("prompt")),
    counter("vllm:generation_tokens_total", "Tokens generated.", told("completion")),
  ],
};

/** Adds the names of another server to a registry that has all of Drover's own. @param model the label `model_name` of vLLM's */
export function addCompatNames(registry: Registry, names: CompatNames, model: () => string): void {
  const labels = () => (names === "vllm" ? { model_name: model() } : {});
  for (const row of names === "vllm" ? vllm : llamacpp) addRow(registry, row, labels);
  if (names === "vllm") addFinishes(registry, labels);
}

/** What can be seen of servers that Drover does not start: their requests, and what their responses tell. */
export function addForeignNames(registry: Registry, names: CompatNames): void {
  for (const row of foreign[names]) addRow(registry, row, noLabels);
  if (names === "vllm") addFinishes(registry, noLabels);
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

const noLabels = () => ({});

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
