import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { WorkerMessage } from "@drover/contract/ipc";
import { responseText, type FakeScript } from "./script.ts";
import { FAKE_WORKER_PATH, startFakeWorker } from "./start-fake-worker.ts";

const post = (url: string, body: object, script: Partial<FakeScript> = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "x-fake-script": JSON.stringify(script) },
    body: JSON.stringify(body),
  });

describe("the fake worker", () => {
  it("answers a plain and a streamed chat with the same known text", async () => {
    const worker = await startFakeWorker({ tokens: 3 });
    try {
      const plain = (await (await post(worker.url, {})).json()) as {
        choices: [{ message: { content: string } }];
        usage: { completion_tokens: number };
      };
      assert.equal(plain.choices[0].message.content, responseText(3));
      assert.equal(plain.usage.completion_tokens, 3);
      const stream = await (await post(worker.url, { stream: true, max_tokens: 2 })).text();
      const texts = [...stream.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]);
      assert.equal(texts.join(""), responseText(2));
      assert.match(stream, /"finish_reason":"length"[^]*data: \[DONE\]\n\n$/);
      assert.deepEqual(await worker.stats(), {
        requests: 2,
        active: 0,
        maxActive: 1,
        completed: 2,
        aborted: 0,
        tokens: 5,
      });
    } finally {
      await worker.stop();
    }
  });

  it("breaks a stream, leaves out [DONE], sends no token, a status or garbage when the script says so", async () => {
    const worker = await startFakeWorker({ tokens: 4 });
    try {
      await assert.rejects(
        post(worker.url, { stream: true }, { response: "broken" }).then((response) => response.text()),
      );
      const noDone = await post(worker.url, { stream: true }, { response: "no-done" });
      assert.doesNotMatch(await noDone.text(), /DONE|"finish_reason":"/);
      const empty = await post(worker.url, { stream: true }, { response: "empty" });
      assert.doesNotMatch(await empty.text(), /"content"/);
      assert.equal((await post(worker.url, {}, { response: "status", status: 503 })).status, 503);
      await assert.rejects(post(worker.url, {}, { response: "garbage" }));
      await assert.rejects(post(worker.url, {}, { response: "reset" }));
    } finally {
      await worker.stop();
    }
  });

  it("tells its parent of loading and ready, and ends on shutdown", async () => {
    const child = fork(FAKE_WORKER_PATH, ["--slots", "3"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const seen: WorkerMessage[] = [];
    const until = async (type: WorkerMessage["type"]) => {
      while (!seen.some((message) => message.type === type)) await once(child, "message");
    };
    child.on("message", (message: WorkerMessage) => seen.push(message));
    await until("ready");
    assert.equal(seen[0]?.type, "loading");
    assert.equal(seen.find((message) => message.type === "ready")?.slots, 3);
    child.send({ type: "shutdown" });
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("kills itself at the scripted request and says a scripted failure over IPC", async () => {
    const worker = await startFakeWorker({ crashAfterRequests: 2 });
    await post(worker.url, {});
    await assert.rejects(post(worker.url, {}));
    await worker.stop();
    const child = fork(FAKE_WORKER_PATH, ["--script", '{"start":"failed"}'], { stdio: ["ignore", "ignore", 2, "ipc"] });
    const seen: WorkerMessage[] = [];
    child.on("message", (message: WorkerMessage) => seen.push(message));
    // Its messages may be read after its end.
    const [end] = await Promise.all([once(child, "exit"), once(child, "disconnect")]);
    assert.deepEqual(end, [1, null]);
    assert.equal(seen.at(-1)?.type, "failed");
  });
});
