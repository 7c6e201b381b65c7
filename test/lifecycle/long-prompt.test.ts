import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { Pasture } from "../support/drover-process.ts";

const LIVENESS_MS = 3000;
const STALL_MS = 4000;
/** Of a prompt that a machine reads in a few seconds, or one several times as fast as those of today. */
const CONTEXT = "40000";

describe("a real worker that is busy with a long prompt", () => {
  const pasture = new Pasture();
  const model = join(pasture.folder, "tiny.gguf");
  const common = ["--model", model, "--workers", "1", "--threads", "1", "--slots", "1", "--ctx", CONTEXT];

  before(async () => {
    await writeSyntheticModel("tiny", model, "q8_0");
  });
  after(() => pasture.close());

  /** Makes each kind of request longer until it takes longer than `limitMs` by far, however fast the machine is. */
  const expectLeftAlone = async (words: readonly string[], limitMs: number, kinds: readonly Ask[]) => {
    const drover = pasture.up([...common, ...words]);
    await pasture.serving();
    const url = await drover.url();
    const [row] = await pasture.status();
    for (const ask of kinds) {
      let tookMs = 0;
      for (let count = 400; tookMs < limitMs * 1.3; count = longer(count, (limitMs * 1.5) / tookMs)) {
        const begun = Date.now();
        assert.equal(await ask(url, count), 200, `${ask.name} of ${count} words`);
        tookMs = Date.now() - begun;
      }
    }
    const [next] = await pasture.status();
    assert.deepEqual([next?.pid, next?.restarts, next?.state], [row?.pid, 0, "ready"]);
    assert.equal((await drover.end()).code, 0);
  };

  it("is left alone while one step takes longer than livenessTimeout: its heart beats beside the engine", async () => {
    const oneStep = ["--batch", CONTEXT, "--longest-pause", "600s"];
    await expectLeftAlone([...oneStep, "--liveness-timeout", `${LIVENESS_MS}ms`], LIVENESS_MS, [prompt]);
  });

  it("is left alone while its steps together take longer than stallTimeout: they are counted", async () => {
    const words = ["--embeddings", "--stall-timeout", `${STALL_MS}ms`];
    await expectLeftAlone(words, STALL_MS, [prompt, documents]);
  });
});

/** What takes about `factor` times as long: the time grows faster than the count, and at first much of it is constant. */
function longer(count: number, factor: number): number {
  return Math.ceil(count * Math.min(4, Math.max(1.2, factor ** 0.7)));
}

type Ask = (url: string, words: number) => Promise<number>;

/** A prompt without a response to speak of. */
const prompt: Ask = (url, words) =>
  post(`${url}/v1/chat/completions`, { max_tokens: 1, messages: [{ role: "user", content: sheep(words) }] });

const documents: Ask = (url, words) =>
  post(`${url}/v1/embeddings`, { input: Array.from({ length: words / 400 }, (_, index) => `${index} ${sheep(400)}`) });

/** No two begin alike, so that nothing of one is there already. */
function sheep(words: number): string {
  return Array.from({ length: words }, (_, index) => `${words + index} sheep`).join(" ");
}

async function post(url: string, body: object): Promise<number> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  await response.text();
  return response.status;
}
