import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { FakeScript } from "../fake-worker/script.ts";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { changeFake, fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";

/** Of these, less than the defaults of 10 s and a minute, several heartbeats must be missed: a busy machine delays one or two. */
const LIVENESS_MS = 5000;
const STALL_MS = 4000;

describe("a worker that is not alive", needs("setpriv"), () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;

  before(async () => {
    const limits = ["--liveness-timeout", `${LIVENESS_MS}ms`, "--stall-timeout", `${STALL_MS}ms`];
    drover = pasture.up(["--workers", "1", "--worker-command", fakeCommand(), ...limits]);
    url = await drover.url();
  });
  after(() => pasture.close());

  /** Lets the worker go wrong at its next request: it must be replaced, and the request answered all the same. @returns why */
  const expectReplaced = async (script: Partial<FakeScript>) => {
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(row?.pid);
    await changeFake(row, script);
    const before = drover.entries.length;
    assert.deepEqual((await chat(url, 3)).status, 200);
    const [next] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(next !== undefined && next.pid !== row.pid && next.restarts === row.restarts + 1);
    const hung = drover.entries.slice(before).find((entry) => entry["event"] === "hung");
    return String(hung?.["reason"]);
  };

  it("is replaced when its event loop is blocked", async () => {
    assert.match(await expectReplaced({ blockAfterRequests: 1 }), /no (?:heartbeat|engine step) for \d+ ms/);
  });

  it("is replaced when a decode never returns, though its heart beats", async () => {
    assert.match(await expectReplaced({ stuckSteps: true, answer: "never" }), /no engine step for \d+ ms/);
  });

  it("is replaced when it accepts requests and never answers", async () => {
    assert.match(await expectReplaced({ answer: "never" }), /no engine step for \d+ ms/);
  });

  it("is left alone when it is slow but steps, for longer than every timeout", async () => {
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(row);
    await changeFake(row, { itlMs: 800 });
    const body = JSON.stringify({ stream: true, max_tokens: 8, messages: [{ role: "user", content: "hello" }] });
    const text = await (await fetch(`${url}/v1/chat/completions`, { method: "POST", body })).text();
    assert.match(text, /t7 [^]*data: \[DONE\]/);
    const [next] = await pasture.status();
    assert.equal(next?.pid, row.pid);
  });
});
