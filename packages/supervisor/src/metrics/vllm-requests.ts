import type { GenerationRecord, RequestRecord } from "@drover/contract/request-record";
import { Histogram, type Registry } from "prom-client";

/** As vLLM has them, so that a dashboard's quantiles fall between the same bounds. In seconds. */
const latencies = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const firstTokens = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const tokenTimes = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const counts = [1, 2, 5, 10, 20];
const sizes = [1, 10, 100, 1000, 10_000, 100_000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);

/** A request that generated, or read, something. */
type Told = RequestRecord & { readonly tokens: NonNullable<RequestRecord["tokens"]> };

interface Row {
  readonly help: string;
  readonly buckets: readonly number[];
  /** undefined: that is not known of the request. */
  readonly value: (record: Told) => number | undefined;
}

const meanTokenTime: Row = {
  help: "Mean time between two tokens of a response, counted once for each response.",
  buckets: tokenTimes,
  value: ({ tokenMs }) => seconds(tokenMs),
};

/** What vLLM tells of each request; a request that another worker resumed has no times of its phases, as the first worker took them with it. */
const rows: Readonly<Record<string, Row>> = {
  "vllm:request_prompt_tokens": { help: "Tokens of the prompt.", buckets: sizes, value: ({ tokens }) => tokens.prompt },
  "vllm:request_generation_tokens": {
    help: "Tokens generated.",
    buckets: sizes,
    value: ({ tokens }) => tokens.completion,
  },
  "vllm:request_prefill_kv_computed_tokens": {
    help: "Tokens of the prompt that were evaluated.",
    buckets: sizes,
    value: ({ tokens }) => tokens.prompt - tokens.cached,
  },
  "vllm:request_max_num_generation_tokens": {
    help: "Tokens of the longest choice, where there is one only.",
    buckets: sizes,
    value: ({ tokens, asked }) => (asked?.choices === 1 ? tokens.completion : undefined),
  },
  "vllm:request_params_max_tokens": {
    help: "Most tokens that the request asked for; without a number of its own those of a slot.",
    buckets: sizes,
    value: ({ asked }) => asked?.maxTokens,
  },
  "vllm:request_params_n": { help: "Choices asked for.", buckets: counts, value: ({ asked }) => asked?.choices },
  "vllm:time_to_first_token_seconds": {
    help: "From the request to its first token.",
    buckets: firstTokens,
    value: ({ firstTokenMs }) => seconds(firstTokenMs),
  },
  "vllm:request_time_per_output_token_seconds": meanTokenTime,
  "vllm:inter_token_latency_seconds": meanTokenTime,
  // Its earlier name.
  "vllm:time_per_output_token_seconds": meanTokenTime,
  "vllm:e2e_request_latency_seconds": {
    help: "From the request to the end of its response.",
    buckets: latencies,
    value: ({ durationMs }) => seconds(durationMs),
  },
  "vllm:request_queue_time_seconds": {
    help: "In the queue, and before a slot of the worker.",
    buckets: latencies,
    value: (record) =>
      seconds(phases(record)?.queueMs ?? (record.generations.length === 0 ? record.queueMs : undefined)),
  },
  "vllm:request_prefill_time_seconds": {
    help: "From a slot to the first token.",
    buckets: latencies,
    value: (record) => seconds(phases(record)?.prefillMs),
  },
  "vllm:request_decode_time_seconds": {
    help: "From the first token to the last.",
    buckets: latencies,
    value: (record) => seconds(phases(record)?.decodeMs),
  },
  "vllm:request_inference_time_seconds": {
    help: "From a slot to the last token.",
    buckets: latencies,
    value: (record) => seconds(phases(record)?.inferenceMs),
  },
};

/** @returns to be called with each request that is over */
export function observeVllmRequests(registry: Registry): (record: RequestRecord) => void {
  const made = Object.entries(rows).map(([name, { help, buckets, value }]) => {
    const labelNames = ["model_name"];
    const histogram = new Histogram({ name, help, buckets: [...buckets], labelNames, registers: [registry] });
    return { histogram, value };
  });
  return (record) => {
    const { tokens } = record;
    if (tokens === undefined) return;
    const labels = { model_name: record.model ?? "" };
    for (const { histogram, value } of made) {
      const seen = value({ ...record, tokens });
      if (seen !== undefined) histogram.observe(labels, seen);
    }
  };
}

/** From the first event of all choices to the last. */
function phases({ generations, attempts, queueMs }: RequestRecord) {
  if (attempts.some(({ resumed }) => resumed)) return undefined;
  const [first] = generations;
  const began = edge(generations, "beganMs", Math.min);
  const firstToken = edge(generations, "firstTokenMs", Math.min);
  const lastToken = edge(generations, "lastTokenMs", Math.max);
  if (first === undefined || began === undefined || firstToken === undefined || lastToken === undefined)
    return undefined;
  return {
    queueMs: queueMs + Math.max(0, first.beganMs - first.askedMs),
    prefillMs: firstToken - began,
    decodeMs: lastToken - firstToken,
    inferenceMs: lastToken - began,
  };
}

function edge(
  generations: readonly GenerationRecord[],
  event: "beganMs" | "firstTokenMs" | "lastTokenMs",
  pick: (...times: number[]) => number,
): number | undefined {
  const times = generations.map((generation) => generation[event]).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : pick(...times);
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(0, ms / 1000);
}
