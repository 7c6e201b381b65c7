import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FakeScript } from "../fake-worker/script.ts";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { changeFake, fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";

/** A busy machine delays heartbeats by seconds, and a worker that lives must not be taken for a dead one. */
const LIVENESS_MS = 12_000;
const STALL_MS = 12_000;

describe("a worker that is not alive", { ...needs("setpriv"), concurrency: true }, () => {
  it("is replaced when its event loop is blocked", () =>
    withDrover(async (drover, url) => {
      const reason = await expectReplaced(drover, url, { blockAfterRequests: 1 });
      assert.match(reason, /no (?:heartbeat|engine step) for \d+ ms/);
    }));

  it("is replaced when a decode never returns, though its heart beats", () =>
    withDrover(async (drover, url) => {
      const reason = await expectReplaced(drover, url, { stuckSteps: true, response: "never" });
      assert.match(reason, /no engine step for \d+ ms/);
    }));

  it("is replaced when it accepts requests and never answers", () =>
    withDrover(async (drover, url) => {
      assert.match(await expectReplaced(drover, url, { response: "never" }), /no engine step for \d+ ms/);
    }));

  it("is left alone when it is slow but steps, for longer than every timeout", () =>
    withDrover(async (drover, url, pasture) => {
      const [row] = await drover.workers(([only]) => only?.state === "ready");
      assert.ok(row);
      await changeFake(row, { itlMs: 2000 });
      const body = JSON.stringify({ stream: true, max_tokens: 8, messages: [{ role: "user", content: "hello" }] });
      const text = await (await fetch(`${url}/v1/chat/completions`, { method: "POST", body })).text();
      assert.match(text, /t7 [^]*data: \[DONE\]/);
      const [next] = await pasture.status();
      assert.equal(next?.pid, row.pid);
    }));
});

/** A drover with one fake worker, for as long as `test` takes: all wait for most of their time, and do so at once. */
async function withDrover(test: (drover: Drover, url: string, pasture: Pasture) => Promise<void>): Promise<void> {
  const pasture = new Pasture();
  try {
    const limits = ["--liveness-timeout", `${LIVENESS_MS}ms`, "--stall-timeout", `${STALL_MS}ms`];
    const drover = pasture.up(["--workers", "1", "--worker-command", fakeCommand(), ...limits]);
    await test(drover, await drover.url(), pasture);
  } finally {
    await pasture.close();
  }
}

/** Lets the worker go wrong at its next request: it must be replaced, and the request served all the same. @returns why */
async function expectReplaced(drover: Drover, url: string, script: Partial<FakeScript>): Promise<string> {
  const [row] = await drover.workers(([only]) => only?.state === "ready");
  assert.ok(row?.pid);
  await changeFake(row, script);
  assert.equal((await chat(url, 3)).status, 200);
  const [next] = await drover.workers(([only]) => only?.state === "ready");
  assert.ok(next !== undefined && next.pid !== row.pid && next.restarts === row.restarts + 1);
  return String((await drover.entry((entry) => entry["event"] === "hung"))["reason"]);
}
