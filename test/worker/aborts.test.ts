import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { residentBytesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { startWorker, type WorkerProcess } from "../support/worker-process.ts";

/** V8 lets garbage lie while it has room; within so little what grows is in use. */
const LITTLE_HEAP = ["--max-old-space-size=48", "--max-semi-space-size=1"];

/** Far more than the slots, so that many wait in the queue. */
const CLIENTS = 16;

describe("clients that leave", () => {
  let worker: WorkerProcess;
  before(async () => {
    worker = await startWorker({}, LITTLE_HEAP);
  });
  after(() => worker.close());

  it("leave no slot busy and no memory behind, in 2,000 requests given up at random moments", {
    timeout: 240_000,
  }, async () => {
    const random = sequence(5);
    await abortMany(worker.port, 1500, random);
    await assertIdle(worker);
    const before = residentBytesOf(worker.child.pid ?? 0);
    await abortMany(worker.port, 2000, random);
    await assertIdle(worker);
    const growth = residentBytesOf(worker.child.pid ?? 0) - before;
    assert.ok(growth < 24 * 1024 * 1024, `grew by ${(growth / 1024 / 1024).toFixed(1)} MiB`);
  });
});

/** Leaves before the headers, in the queue, in prefill or between two tokens: whatever has come after so long. */
async function abortMany(port: number, count: number, random: () => number): Promise<void> {
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await abortOne(port, Math.floor(random() * 30), 1 + Math.floor(random() * 60));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

async function abortOne(port: number, afterMs: number, words: number): Promise<void> {
  const body = JSON.stringify({
    messages: [{ role: "user", content: "sheep ".repeat(words) }],
    stream: true,
    max_tokens: 400,
  });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const call = request({ port, method: "POST", path: "/v1/chat/completions", headers, agent: false });
  const closed = new Promise((resolve) => call.once("close", resolve));
  call.on("error", () => {});
  call.on("response", (response) => response.on("error", () => {}).resume());
  call.end(body);
  setTimeout(() => call.destroy(), afterMs);
  await closed;
}

/** A worker says each second how many requests it has; on a busy machine it learns late that the last client has left. */
async function assertIdle(worker: WorkerProcess): Promise<void> {
  await until(async () => {
    const { active, busySlots } = await worker.next("heartbeat");
    return active === 0 && busySlots === 0;
  }, "no request and no busy slot");
}

function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
