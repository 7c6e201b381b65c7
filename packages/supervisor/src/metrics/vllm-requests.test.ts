import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestRecord } from "@drover/contract/request-record";
import { Registry } from "prom-client";
import { observeVllmRequests } from "./vllm-requests.ts";

const generation = { slot: 0, source: "nothing", cachedTokens: 30, pieces: [], steps: {} } as const;

/** It waited 0.5 s in the queue and 0.25 s for a slot, read its prompt for 2 s, and wrote 21 tokens in 4 s. */
const RECORD: RequestRecord = {
  id: "a",
  client: "127.0.0.1",
  method: "POST",
  target: "/v1/chat/completions",
  route: "/v1/chat/completions",
  mode: "stream",
  status: 200,
  bytes: 1,
  receivedAtEpochMs: 0,
  durationMs: 7000,
  queueMs: 500,
  tries: 1,
  model: "m",
  tokens: { prompt: 100, cached: 30, completion: 21, reasoning: 0 },
  asked: { choices: 1, maxTokens: 256 },
  finish: "stop",
  firstTokenMs: 2750,
  tokenMs: 200,
  picks: [],
  attempts: [{ upstream: "1", atMs: 500, resumed: false }],
  generations: [{ ...generation, askedMs: 500, beganMs: 750, firstTokenMs: 2750, lastTokenMs: 6750 }],
};

async function sumsOf(...records: readonly RequestRecord[]): Promise<ReadonlyMap<string, number>> {
  const registry = new Registry();
  const observe = observeVllmRequests(registry);
  records.forEach(observe);
  const sums = (await registry.metrics()).matchAll(/^vllm:(\w+)_sum\{model_name="m"\} (\S+)$/gmu);
  return new Map(Array.from(sums, ([, name = "", sum]) => [name, Number(sum)]));
}

describe("the histograms of requests that vLLM has", () => {
  it("have the sizes of a request and the time of each of its phases", async () => {
    assert.deepEqual(Object.fromEntries(await sumsOf(RECORD)), {
      request_prompt_tokens: 100,
      request_generation_tokens: 21,
      request_prefill_kv_computed_tokens: 70,
      request_max_num_generation_tokens: 21,
      request_params_max_tokens: 256,
      request_params_n: 1,
      time_to_first_token_seconds: 2.75,
      request_time_per_output_token_seconds: 0.2,
      inter_token_latency_seconds: 0.2,
      time_per_output_token_seconds: 0.2,
      e2e_request_latency_seconds: 7,
      request_queue_time_seconds: 0.75,
      request_prefill_time_seconds: 2,
      request_decode_time_seconds: 4,
      request_inference_time_seconds: 6,
    });
  });

  it("tell nothing that is not known: phases of a resumed response or of a foreign server's, and of no generation at all", async () => {
    const resumed = { ...RECORD, attempts: [...RECORD.attempts, { upstream: "2", atMs: 3000, resumed: true }] };
    const foreign = { ...RECORD, asked: undefined, generations: [] };
    const { asked: _, tokens: _none, ...look } = RECORD;
    const seen = await sumsOf(resumed, foreign, look);
    assert.equal(seen.get("request_prompt_tokens"), 200);
    assert.equal(seen.get("request_params_n"), 1);
    assert.equal(seen.get("request_queue_time_seconds"), 0.5, "the foreign one's, in Drover's own queue");
    for (const phase of ["prefill", "decode", "inference"])
      assert.equal(seen.get(`request_${phase}_time_seconds`), undefined);
  });
});
