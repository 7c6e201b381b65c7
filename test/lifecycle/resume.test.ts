import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeDemoModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";
import { signalIfThere } from "../support/processes.ts";
import { until } from "../support/until.ts";

/**
 * More tokens than are asked for, each far more likely than any other. With random weights some are a tie, which may fall the other
 * way where llama.cpp adds up in another order: it does when tokens that were generated one by one are read again as a prompt.
 */
const TEXT = {
  thought: "\nCounting.\n",
  answer: `\n\n${Array.from({ length: 1600 }, (_, index) => `cow${index}`).join(" ")}`,
};

const isReady = (rows: readonly { readonly state: string }[]) => rows.every((row) => row.state === "ready");

describe("a stream whose worker dies", needsSharedMemory(16 * 2 ** 20), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;
  before(async () => {
    const shape = ["--workers", "2", "--slots", "2", "--ctx", "4096", "--snapshots", "4MiB"];
    const model = join(pasture.folder, "long.gguf");
    await writeDemoModel(model, TEXT);
    // However often a worker is killed here, it comes back, and soon.
    const environment = { DROVER_SUPERVISION_MAX_RESTARTS: "1000", DROVER_SUPERVISION_BACKOFF_LIMIT: "1s" };
    drover = pasture.up(["--model", model, "--threads", "1", ...shape], environment);
    url = await drover.url();
    await drover.workers(isReady);
  });
  after(() => pasture.close());

  const resumed = async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return Number(/^drover_resumed_streams_total (\d+)$/m.exec(metrics)?.[1]);
  };

  const post = (path: string, body: object) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...body, stream: true }),
    });

  /** Kills the worker that responds now: nobody where the response was over before it was found. */
  const killBusy = async () => {
    const row = (await pasture.status()).find(({ slots }) => slots.busy > 0);
    if (typeof row?.pid === "number") signalIfThere(row.pid, "SIGKILL");
  };

  /** Reads a stream to its end while as many workers are killed one after another, each while it responds. */
  const broken = async (path: string, body: object, kills: number): Promise<string> => {
    for (let tries = 0; tries < 30; tries += 1) {
      const before = await resumed();
      const response = await post(path, body);
      assert.deepEqual([response.status, response.headers.get("x-drover-resume")], [200, null]);
      const { begun, text } = reading(response);
      await begun;
      for (let killed = 0; killed < kills; killed += 1) {
        await killBusy();
        await until(async () => (await resumed()) > before + killed || (await isOver(text)), "a worker has taken over");
      }
      const whole = await text;
      const now = await resumed();
      await drover.workers(isReady);
      // Where it was faster than the killing, another one is tried.
      if (now - before === kills) return whole;
    }
    throw new Error("each stream was over before its worker could be killed");
  };

  const messages = [{ role: "user", content: "count the cattle at the gate" }];
  const whole = { stream_options: { include_usage: true }, ignore_eos: true };
  const requests = {
    "/v1/chat/completions": { messages, max_tokens: 1500, temperature: 0, ...whole },
    "/v1/completions": { prompt: "count the cattle", max_tokens: 1500, temperature: 0.8, ...whole },
    "/v1/messages": { model: "long", messages, max_tokens: 1500, temperature: 0 },
    "/v1/responses": { input: "count the cattle", max_output_tokens: 1500, temperature: 0 },
  };

  for (const [path, body] of Object.entries(requests)) {
    it(`goes on where it was, by another worker: ${path}`, async () => {
      const alone = await (await post(path, body)).text();
      const text = await broken(path, body, 1);
      assert.equal(idsOf(text).size, 1, "one response has one id");
      assert.doesNotMatch(text, /event: error/);
      // With a temperature the seed of the rest is another one.
      if (body.temperature === 0) assert.equal(plain(text), plain(alone));
      else assert.match(text, /"completion_tokens":1500\b.*\n\ndata: \[DONE\]\n\n$/);
    });
  }

  it("goes on even where all workers die one after another, and leaves nothing behind", async () => {
    const [path, body] = ["/v1/chat/completions", requests["/v1/chat/completions"]] as const;
    const alone = await (await post(path, body)).text();
    assert.equal(plain(await broken(path, body, 2)), plain(alone));
    const { snapshots } = await pasture.admin<{ snapshots: { directory: string } }>("GET", "/status");
    await until(
      () => readdirSync(snapshots.directory).every((name) => !name.startsWith(".response-")),
      "no journal is left",
    );
  });
});

/** `begun`: its first event has come. Comments come before, while the prompt is read, and then a dead worker is replaced without being resumed. */
function reading(response: Response): { readonly begun: Promise<unknown>; readonly text: Promise<string> } {
  let begin: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const read = async (): Promise<string> => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const part of response.body ?? []) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      if (/^(?:data|event): /m.test(text.slice(0, 1000))) begin?.();
    }
    begin?.();
    return text;
  };
  return { begun, text: read() };
}

async function isOver(text: Promise<string>): Promise<boolean> {
  return await Promise.race([text.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
}

/** Ids and times differ from stream to stream, and comments about waiting. */
function plain(stream: string): string {
  return (
    stream
      .replaceAll(/^: .*\n\n/gm, "")
      .replaceAll(/"(?:id|item_id)":"[a-z]+[-_][0-9a-f-]{20,}"/g, '"id":""')
      .replaceAll(/"created(?:_at)?":\d+/g, "")
      .replaceAll(/"completed_at":\d+/g, "")
      // Padded to one length, since another worker counts the bytes that the client has.
      .replaceAll(/"timings":\{[^}]*\} */g, "")
      .replaceAll(/"usage":\{[^}]*\}[^}]*\}?/g, "")
  );
}

/** Of the response; its parts have ids of their own. */
function idsOf(stream: string): ReadonlySet<string> {
  return new Set(stream.match(/"(?:chatcmpl-|cmpl-|resp_|msg_(?=[^}]*"type":"message","role"))[0-9a-f-]+"/g));
}
