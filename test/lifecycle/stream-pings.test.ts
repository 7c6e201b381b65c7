import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { Pasture } from "../support/drover-process.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";

/** Some tokens for each word, each time others. */
function longPrompt(of: string, words = 600): string {
  return Array.from({ length: words }, (_, index) => `${of}${index}`).join(" ");
}

describe("A stream before drover up", () => {
  const pasture = new Pasture();
  let url: string;
  before(async () => {
    ({ url } = await startTinyDrover(pasture, ["--workers", "1", "--slots", "1", "--ctx", "16384"]));
  });
  after(() => pasture.close());

  const stream = (body: object) =>
    fetch(`${url}/v1/completions`, { method: "POST", body: JSON.stringify({ max_tokens: 2, stream: true, ...body }) });

  it("says how much of its prompt is read, or its place in the queue, and then both", async () => {
    // Whose prompts take longer to read than the first comment waits.
    const [first, second] = await Promise.all([
      stream({ prompt: longPrompt("a", 2400) }),
      stream({ prompt: longPrompt("b", 2400) }),
    ]);
    const texts = await Promise.all([first.text(), second.text()]);
    const [queued = "", direct = ""] = texts.toSorted((one) => (one.startsWith(": queue") ? -1 : 1));
    assert.match(direct, /^(?:: prompt \d+\/\d{4,5}\n\n)+data: /);
    assert.match(queued, /^(?:: queue 1\n\n)+: worker 1\n\n(?:: prompt \d+\/\d{4,5}\n\n)+data: /);
    for (const text of texts) assert.ok(text.endsWith("data: [DONE]\n\n"), text);
  });

  it("has what is read of it in events where it asks for them, from the cached part to the end", async () => {
    const prompt = longPrompt("c");
    for (const isCached of [false, true]) {
      const text = await (await stream({ prompt, return_progress: true })).text();
      const progress = [...text.matchAll(/"prompt_progress":(\{.*?\})/g)].map(
        ([, json]) => JSON.parse(json ?? "") as { total: number; cache: number; processed: number; time_ms: number },
      );
      const [first] = progress;
      const last = progress.at(-1);
      assert.ok(first !== undefined && last !== undefined, text);
      assert.deepEqual([first.processed, first.cache > 0], [first.cache, isCached]);
      assert.equal(last.processed, last.total);
      assert.deepEqual(
        progress.map(({ processed }) => processed),
        progress.map(({ processed }) => processed).toSorted((one, other) => one - other),
      );
    }
  });

  it("of a prompt that is read sooner than a comment is due has no more than its events", async () => {
    assert.match(await (await stream({ prompt: "a" })).text(), /^data: /);
  });

  it("keeps its status where it is refused before, and is understood by OpenAI's client", async () => {
    assert.equal((await stream({ prompt: "a", temperature: "hot" })).status, 400);
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
    const asked = { model: "any", prompt: longPrompt("d"), max_tokens: 3, temperature: 0 };
    const complete = await client.completions.create(asked);
    let text = "";
    for await (const chunk of await client.completions.create({ ...asked, stream: true }))
      text += chunk.choices[0]?.text ?? "";
    assert.equal(text, complete.choices[0]?.text);
  });
});
