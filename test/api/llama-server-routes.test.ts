import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";
import { until } from "../support/until.ts";

interface Slot {
  readonly id: number;
  readonly n_ctx: number;
  readonly id_task: number;
  readonly is_processing: boolean;
  readonly n_prompt_tokens: number;
  readonly params: { readonly temperature?: number };
  readonly next_token: readonly { readonly n_decoded: number }[];
}

describe("Clients of llama.cpp's server", () => {
  let worker: ApiWorker;
  const get = async (path: string) => await (await fetch(worker.url + path)).json();

  before(async () => {
    worker = await startApiWorker("tiny", { slots: 2 });
  });
  after(() => worker.close());

  it("find the slots as a list, busy ones told apart, and 503 where they ask for it and none is free", async () => {
    const idle = (await get("/slots")) as readonly Slot[];
    assert.deepEqual(
      idle.map(({ id, n_ctx, is_processing, n_prompt_tokens, params }) => ({
        id,
        n_ctx,
        is_processing,
        n_prompt_tokens,
        params,
      })),
      [0, 1].map((id) => ({ id, n_ctx: 2048, is_processing: false, n_prompt_tokens: 0, params: {} })),
    );
    assert.equal((await fetch(`${worker.url}/slots?fail_on_no_slot=1`)).status, 200);
    const leave = new AbortController();
    const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], stream: true, n: 2, ignore_eos: true });
    const answering = async () => {
      const call = { method: "POST", body, signal: leave.signal };
      while (!leave.signal.aborted) await (await fetch(`${worker.url}/v1/chat/completions`, call)).text();
    };
    // More than there are slots, and again and again: however late this looks, responses are being made.
    const clients = [1, 2, 3].map(() => answering().catch(() => assert.ok(leave.signal.aborted)));
    const isBusy = (slots: readonly Slot[]) =>
      slots.every((slot) => slot.is_processing && slot.n_prompt_tokens > 0 && slot.params.temperature === 0.8) &&
      slots.some((slot) => (slot.next_token[0]?.n_decoded ?? 0) > 0);
    await until(async () => isBusy((await get("/slots")) as readonly Slot[]), "both slots are busy");
    await until(async () => (await fetch(`${worker.url}/slots?fail_on_no_slot=1`)).status === 503, "no slot is free");
    leave.abort();
    await Promise.all(clients);
    await worker.idle();
  });

  it("find the defaults that a request without parameters gets, the template and the model's names", async () => {
    const props = (await get("/props")) as Record<string, unknown> & {
      readonly default_generation_settings: { readonly n_ctx: number; readonly params: Record<string, unknown> };
    };
    assert.equal(props["total_slots"], 2);
    assert.equal(props["model_alias"], "tiny");
    assert.equal(props["model_path"], "tiny.gguf");
    assert.match(String(props["chat_template"]), /messages/u);
    assert.deepEqual(props["modalities"], { vision: false, video: false, audio: false });
    assert.equal(props.default_generation_settings.n_ctx, 2048);
    const { temperature, top_k, top_p, min_p, n_predict } = props.default_generation_settings.params;
    assert.deepEqual([temperature, top_k, top_p, min_p, n_predict], [0.8, 40, 0.95, 0.05, -1]);
  });

  it("may send each default that they find, and find the same fields in a response's settings and of a slot", async () => {
    const { default_generation_settings: settings } = (await get("/props")) as {
      readonly default_generation_settings: { readonly params: Record<string, unknown> };
    };
    const names = Object.keys(settings.params);
    for (const name of ["adaptive_target", "dry_base", "mirostat_tau", "n_discard", "samplers", "xtc_threshold"])
      assert.ok(names.includes(name), name);
    const body = JSON.stringify({ ...settings.params, prompt: "x", n_predict: 1, max_tokens: 1 });
    const response = await fetch(`${worker.url}/completion`, { method: "POST", body });
    const made = (await response.json()) as { readonly generation_settings: Record<string, unknown> };
    assert.deepEqual([response.status, response.headers.get("x-drover-ignored")], [200, null], JSON.stringify(made));
    for (const name of names) assert.ok(name in made.generation_settings, name);
  });

  it("find what is known of the model, by llama.cpp's names and Ollama's", async () => {
    const { data, models } = (await get("/v1/models")) as {
      readonly data: readonly { readonly meta: Record<string, number> }[];
      readonly models: readonly { readonly details: Record<string, unknown> }[];
    };
    const { n_params: parameters = 0, size = 0, vocab_type: type } = data[0]?.meta ?? {};
    assert.ok(parameters > 1000 && size > parameters, `${parameters} parameters, ${size} bytes`);
    assert.equal(type, 2);
    assert.match(String(models[0]?.details["parameter_size"]), /^[0-9.]+M$/u);
  });

  it("find what steps cost beside the slots", async () => {
    const steps = (await get("/steps")) as { readonly queued: number; readonly steps: { readonly total: number } };
    assert.equal(steps.queued, 0);
    assert.ok(steps.steps.total > 0);
  });
});
