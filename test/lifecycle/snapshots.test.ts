import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";
import { kill } from "../support/processes.ts";
import { until } from "../support/until.ts";

interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

describe("a conversation with a real model", needsSharedMemory(16 * 2 ** 20), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;
  const history: Message[] = [];

  before(async () => {
    const model = join(pasture.folder, "tiny.gguf");
    await writeSyntheticModel("tiny", model, "q8_0");
    const shape = ["--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "1024", "--snapshots", "4MiB"];
    drover = pasture.up(["--model", model, ...shape]);
    url = await drover.url();
    await drover.workers((rows) => rows.every((row) => row.state === "ready"));
  });
  after(() => pasture.close());

  /** @returns how many of the prompt's tokens were known already, and the worker that responded */
  const say = async (words: string) => {
    const requestsBefore = (await pasture.status()).map((row) => row.requests);
    history.push({ role: "user", content: words });
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ max_tokens: 8, temperature: 0, messages: history }),
    });
    const { choices, usage } = (await response.json()) as {
      readonly choices: readonly { readonly message: Message }[];
      readonly usage: { readonly prompt_tokens_details: { readonly cached_tokens: number } };
    };
    history.push({ role: "assistant", content: choices[0]?.message.content ?? "" });
    const rows = await pasture.status();
    const worker = rows.find((row, index) => row.requests > (requestsBefore[index] ?? 0));
    return { cached: usage.prompt_tokens_details.cached_tokens, worker };
  };

  const kept = async () =>
    (await pasture.admin<{ readonly snapshots: { readonly files: number } | null }>("GET", "/status")).snapshots?.files;

  const replace = async (pid: number | null | undefined) => {
    kill(pid);
    await drover.workers((rows) => rows.every((row) => row.state === "ready" && row.pid !== pid));
  };

  it("continues the other worker, and with one that took a killed one's place, from what was kept", async () => {
    const first = await say("the drover walks behind the herd, and counts the cattle at each gate that they come to");
    assert.equal(first.cached, 0);
    // It is written as soon as the response has ended, which is when the client has it.
    await until(async () => ((await kept()) ?? 0) > 0, "a snapshot is kept");
    await replace(first.worker?.pid);
    const second = await say("and then?");
    assert.ok(second.cached >= 50, `only ${second.cached} tokens were known after the first worker was killed`);
    for (const row of await pasture.status()) await replace(row.pid);
    const third = await say("and at night?");
    assert.ok(third.cached >= 50, `only ${third.cached} tokens were known after all workers were killed`);
  });
});
