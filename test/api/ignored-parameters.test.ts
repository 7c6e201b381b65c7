import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

const messages = [{ role: "user", content: "Hi" }];

/** Parameters that clients of many servers send, each by itself. */
const TAKEN: readonly Readonly<Record<string, unknown>>[] = [
  { enable_thinking: false },
  { enable_thinking: true },
  { thinking: { type: "disabled" } },
  { think: false },
  { think: "low" },
  { reasoning: { effort: "low" } },
  { reasoning_effort: "max" },
  { thinking_budget: 5 },
  { num_ctx: 4096 },
  { keep_alive: "5m" },
  { options: { temperature: 1 } },
  { repetition_penalty: 1.1 },
  { repeat_last_n: 10, repeat_penalty: 1.3 },
  { min_tokens: 3 },
  { stop_token_ids: [5] },
  { samplers: ["top_k", "temperature"] },
  { grammar: "" },
  { n_predict: 3 },
  { mirostat: 2, mirostat_tau: 5, mirostat_eta: 0.1 },
  { xtc_probability: 0.5, xtc_threshold: 0.1 },
  { dry_multiplier: 0.8, dry_base: 1.75, dry_allowed_length: 2, dry_penalty_last_n: -1, dry_sequence_breakers: ["\n"] },
  { typical_p: 0.9 },
  { dynatemp_range: 0.5 },
  { top_n_sigma: 1 },
  { timings_per_token: true },
  { return_progress: true },
  { stop: "" },
  { max_tokens: 0 },
  { dry_multiplier: 0.8, dry_sequence_breakers: '["\\n", ":"]' },
  { n_probs: 2 },
  { logprobs: false, top_logprobs: 0 },
  { stream_options: { include_usage: true } },
  { functions: [], function_call: "none" },
  { guided_json: { type: "object" } },
  { structured_outputs: { json: { type: "object" } } },
  { tools: [{ type: "function", name: "look", parameters: { type: "object" } }], tool_choice: "auto" },
  { stop: ["a1", "b2", "c3", "d4", "e5", "f6"] },
  { seed: 12_345_678_901_234 },
  { seed: "18446744073709551615" },
  { seed: 4_294_967_295 },
  { logit_bias: [[5, false]] },
  { response_format: { type: "json_schema", schema: { type: "object" } } },
  { store: true },
  { service_tier: "flex" },
  { verbosity: "low" },
  { metadata: { a: 1 } },
  { user: 7 },
  { prompt_cache_retention: "24h" },
  { tools: [{ type: "web_search" }] },
  { sheep: 1, "black sheep": 2 },
];

describe("Parameters of other servers' clients", () => {
  let worker: ApiWorker;
  let strict: ApiWorker;
  before(async () => {
    worker = await startApiWorker("tiny", { contextTokens: 512, slots: 2 });
    strict = await startApiWorker("tiny", { contextTokens: 512, slots: 2, unknownParameters: "refuse" });
  });
  after(() => Promise.all([worker.close(), strict.close()]));

  it("are taken", async () => {
    for (const parameters of TAKEN) {
      const { status, error } = await ask(worker, parameters);
      assert.equal(status, 200, `${JSON.stringify(parameters)}: ${error?.message}`);
    }
  });

  it("are named in a header where they have no effect, and only there", async () => {
    assert.equal(
      await ignoredBy(worker, { num_ctx: 4096, mirostat: 2, temperature: 1, mirostat_tau: 5 }),
      "num_ctx, mirostat",
    );

    assert.equal(await ignoredBy(worker, { mirostat: 0, store: false, n_keep: null }), null);
    assert.equal(await ignoredBy(worker, { tools: [{ type: "web_search" }] }), "tools[0]");
    assert.equal(await ignoredBy(worker, { "black\nsheep": 1 }), "black?sheep");
  });

  it("are named only in part where there are very many, or one is very long", async () => {
    assert.equal((await ignoredBy(worker, sheep(900)))?.split(", ").length, 32);
    const { status, error } = await ask(worker, sheep(1500));
    assert.deepEqual([status, error?.message], [400, "The body has 1502 members, and may have 1000."]);
    assert.equal(await ignoredBy(worker, { ["s".repeat(200_000)]: 1 }), `${"s".repeat(100)}...`);
  });

  it("are refused by name where the server is told to be strict", async () => {
    for (const [more, param] of [
      [{ num_ctx: 4096 }, "num_ctx"],
      [{ mirostat: 2 }, "mirostat"],
      [{ store: true }, "store"],
    ] as const) {
      const { status, error } = await ask(strict, more);
      assert.deepEqual([status, error?.param], [400, param]);
    }
    assert.equal((await ask(strict, { mirostat: 0, store: false })).status, 200);
  });

  it("that would change the response's form are refused all the same", async () => {
    for (const more of [
      { audio: {} },
      { modalities: ["audio"] },
      { functions: [{ name: "f" }] },
      { guided_choice: ["a"] },
    ]) {
      assert.equal((await ask(worker, more)).status, 400, JSON.stringify(more));
    }
  });
});

/** So many parameters that nobody knows. */
function sheep(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`sheep${index}`, 1]));
}

async function ask(to: ApiWorker, more: object) {
  const body = JSON.stringify({ messages, max_tokens: 2, ...more });
  const response = await fetch(`${to.url}/v1/chat/completions`, { method: "POST", body });
  const { error } = (await response.json()) as {
    readonly error?: { readonly param: string; readonly message: string };
  };
  return { status: response.status, ignored: response.headers.get("x-drover-ignored"), error };
}

async function ignoredBy(to: ApiWorker, more: object): Promise<string | null> {
  return (await ask(to, more)).ignored;
}
