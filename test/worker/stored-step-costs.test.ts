import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startWorker } from "../support/worker-process.ts";

type Points = readonly { readonly tokens: number; readonly ms: number }[];

describe("a worker's stored step costs", () => {
  let cache: string;
  const outer = process.env["XDG_CACHE_HOME"];
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), "drover-cache-"));
    process.env["XDG_CACHE_HOME"] = cache;
  });
  after(async () => {
    if (outer === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = outer;
    await rm(cache, { recursive: true });
  });

  it("are measured anew at start where they do not hold any more", async () => {
    await stepCosts();
    const folder = join(cache, "drover", "step-costs");
    const [file = ""] = await readdir(folder);
    const stored = JSON.parse(await readFile(join(folder, file), "utf8")) as Points;
    const wrong = stored.map(({ tokens, ms }) => ({ tokens, ms: tokens === 1 ? 500 * ms : ms }));
    await writeFile(join(folder, file), JSON.stringify(wrong));
    assert.deepEqual(await stepCosts(), wrong, "what was stored just now is not looked at");
    const yesterday = Date.now() / 1000 - 86_400;
    await utimes(join(folder, file), yesterday, yesterday);
    const again = await stepCosts();
    assert.ok((again[0]?.ms ?? Infinity) < (wrong[0]?.ms ?? 0) / 10);
    assert.deepEqual(JSON.parse(await readFile(join(folder, file), "utf8")), again);
  });
});

async function stepCosts(): Promise<Points> {
  const worker = await startWorker({ stepCosts: "cached" });
  try {
    const response = await fetch(`http://127.0.0.1:${worker.port}/steps`);
    return ((await response.json()) as { readonly stepCosts: Points }).stepCosts;
  } finally {
    await worker.close();
  }
}
