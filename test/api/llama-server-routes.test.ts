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
    assert.deepEqual(props["modalities"], { vision: false, audio: false });
    assert.equal(props.default_generation_settings.n_ctx, 2048);
    const { temperature, top_k, top_p, min_p, n_predict } = props.default_generation_settings.params;
    assert.deepEqual([temperature, top_k, top_p, min_p, n_predict], [0.8, 40, 0.95, 0.05, -1]);
  });

  it("find what steps cost beside the slots", async () => {
    const steps = (await get("/steps")) as { readonly queued: number; readonly steps: { readonly total: number } };
    assert.equal(steps.queued, 0);
    assert.ok(steps.steps.total > 0);
  });
});
