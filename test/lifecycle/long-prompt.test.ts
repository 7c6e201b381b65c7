import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { Pasture } from "../support/drover-process.ts";

const LIVENESS_MS = 5000;
const STALL_MS = 5000;
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

  /** Doubles the prompt until it takes longer than `limitMs` by far, however fast the machine is. */
  const expectLeftAlone = async (words: readonly string[], limitMs: number) => {
    const drover = pasture.up([...common, ...words]);
    await pasture.serving();
    const url = await drover.url();
    const [row] = await pasture.status();
    let tookMs = 0;
    for (let count = 400; tookMs < limitMs * 1.3; count *= 2) {
      const begun = Date.now();
      assert.equal(await read(url, count), 200, `a prompt of ${count} words`);
      tookMs = Date.now() - begun;
    }
    const [next] = await pasture.status();
    assert.deepEqual([next?.pid, next?.restarts, next?.state], [row?.pid, 0, "ready"]);
    assert.equal((await drover.end()).code, 0);
  };

  it("is left alone while one step takes longer than livenessTimeout: its heart beats beside the engine", async () => {
    const oneStep = ["--batch", CONTEXT, "--longest-pause", "600s"];
    await expectLeftAlone([...oneStep, "--liveness-timeout", `${LIVENESS_MS}ms`], LIVENESS_MS);
  });

  it("is left alone while its steps together take longer than stallTimeout: they are counted", async () => {
    await expectLeftAlone(["--stall-timeout", `${STALL_MS}ms`], STALL_MS);
  });
});

/** A prompt without a response to speak of; no two begin alike, so that nothing of it is there already. */
async function read(url: string, words: number): Promise<number> {
  const content = Array.from({ length: words }, (_, index) => `${words + index} sheep`).join(" ");
  const body = JSON.stringify({ max_tokens: 1, messages: [{ role: "user", content }] });
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
  await response.text();
  return response.status;
}
