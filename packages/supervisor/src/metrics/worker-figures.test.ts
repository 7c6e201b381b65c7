import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Registry } from "prom-client";
import { addCompatNames } from "./compat-metrics.ts";
import { WorkerFigureMetrics } from "./worker-figures.ts";

const figures = (completion: number) => ({
  tokens: { completion, prompt: 10, cached: 30 },
  steps: { "decode 8": completion },
  stepSeconds: { "decode 8": completion / 10 },
  running: { "": 2 },
  kvTokens: { used: 100, kept: 20 },
  kvCapacity: { "": 400 },
});

describe("the figures that workers send", () => {
  it("go on where another process takes a worker's place, and are there before the first event", async () => {
    const registry = new Registry();
    const metrics = new WorkerFigureMetrics(registry, () => [{ id: "1", figures: figures(1) }]);
    const lines = async () => (await registry.metrics()).split("\n");
    metrics.begin("1");
    assert.ok((await lines()).includes('drover_worker_tokens_total{worker="1",kind="completion"} 0'));
    const [first, second] = [{}, {}];
    for (const sum of [5, 5, 8]) metrics.hear("1", first, figures(sum));
    metrics.begin("1");
    metrics.hear("1", second, figures(2));
    const seen = await lines();
    for (const line of [
      'drover_worker_tokens_total{worker="1",kind="completion"} 10',
      'drover_worker_tokens_total{worker="1",kind="cached"} 60',
      'drover_worker_steps_total{worker="1",phase="decode",size="8"} 10',
      'drover_worker_requests_running{worker="1"} 2',
      'drover_worker_kv_tokens{worker="1",state="kept"} 20',
      'drover_worker_kv_capacity_tokens{worker="1"} 400',
    ])
      assert.ok(seen.includes(line), `${line}\n${seen.join("\n")}`);
  });

  it("also have the names of llama-server or vLLM where that is asked for", async () => {
    for (const [names, expected] of [
      [
        "llamacpp",
        ["llamacpp:tokens_predicted_total 5", "llamacpp:requests_processing 2", "llamacpp:kv_cache_usage_ratio 0.3"],
      ],
      [
        "vllm",
        [
          'vllm:generation_tokens_total{model_name="m"} 5',
          'vllm:num_requests_running{model_name="m"} 2',
          'vllm:kv_cache_usage_perc{model_name="m"} 0.3',
          'vllm:request_success_total{model_name="m",finished_reason="stop"} 2',
          'vllm:request_success_total{model_name="m",finished_reason="abort"} 1',
        ],
      ],
    ] as const) {
      const registry = new Registry();
      const registers = [registry];
      const ended = new Counter({ name: "drover_generations_total", help: "-", labelNames: ["finish"], registers });
      const metrics = new WorkerFigureMetrics(registry, () => [{ id: "1", figures: figures(1) }]);
      for (const finish of ["stop", "tool_calls", "cancelled"] as const) ended.inc({ finish });
      addCompatNames(registry, names, () => "m");
      metrics.hear("1", {}, figures(5));
      const lines = (await registry.metrics()).split("\n");
      for (const line of expected) assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
    }
  });
});
