import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { keepBusy } from "../support/machine/keep-busy.ts";
import { needs } from "../support/needs.ts";
import { allowedCpus, stateOf } from "../support/processes.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";
import { until } from "../support/until.ts";

const areReady = (rows: readonly WorkerRow[]) => rows.length === 2 && rows.every((row) => row.state === "ready");

describe("drover up with two workers on a real model", () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;

  before(async () => {
    const limits = ["--drain-timeout", "10m", "--liveness-timeout", "5s", "--slots", "4", "--ctx", "1024"];
    ({ drover, url } = await startTinyDrover(pasture, ["--workers", "2", ...limits]));
    await drover.workers(areReady);
  });
  after(() => pasture.close());

  /** A streamed chat; resolves when it has begun, which is when it has its worker. */
  const begin = (tokens: number) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        max_tokens: tokens,
        messages: [{ role: "user", content: "hello" }],
        stream: true,
        stream_options: { include_usage: true },
      }),
    });

  /** Chats of which each must succeed: a plain one has not begun its response before it is complete. */
  const whole = async (tokens: number) => {
    const response = await chat(url, tokens);
    assert.deepEqual([response.status, response.tokens], [200, tokens]);
  };
  const chats = (count: number, tokens: number) => Promise.all(Array.from({ length: count }, () => whole(tokens)));

  const rowOf = async (id: string) => {
    const row = (await pasture.status()).find((worker) => worker.id === id);
    assert.ok(row?.pid);
    return { ...row, pid: row.pid };
  };

  it("tells of each worker, and keeps its admin socket to its user", async () => {
    const rows = await pasture.status();
    const fields =
      "id pid state readShare port cpus elastic slots requests restarts restartReasons cpuPercent cpuSeconds rssBytes uptimeMs";
    assert.equal(Object.keys(rows[0] ?? {}).join(" "), fields);
    assert.ok(rows.every((row) => row.rssBytes > 2 ** 20 && row.slots.total === 4));
    assert.equal(statSync(join(pasture.folder, "drover.sock")).mode & 0o777, 0o600);
  });

  it("pins each worker to CPUs of its own", needs("taskset"), async () => {
    const rows = await pasture.status();
    assert.ok(rows.every((row) => row.cpus.length === 1));
    // A machine of one CPU has none of its own for the second.
    assert.ok(new Set(rows.flatMap((row) => row.cpus)).size >= Math.min(2, allowedCpus().length));
  });

  it("answers all of 50 concurrent chats, half of them streamed, while a worker is killed among them", async () => {
    const { pid } = await rowOf("1");
    const plain = keepBusy(25, () => whole(200));
    const streams = keepBusy(25, async () => endOf(await begin(200), 200));
    await drover.workers((rows) => rows.some((row) => row.id === "1" && row.slots.busy > 0));
    process.kill(pid, "SIGKILL");
    const [ends] = await Promise.all([streams.stop(), plain.stop()]);
    // Another worker resumes a stream. Without shared memory those end that had begun: as many as a worker has slots.
    const { snapshots } = await pasture.admin<{ readonly snapshots: object | null }>("GET", "/status");
    assert.ok(ends.filter((end) => end === "broken off").length <= (snapshots === null ? 4 : 0));
    const rows = await drover.workers((found) => areReady(found) && found.every((row) => row.pid !== pid));
    assert.deepEqual(
      rows.map((row) => row.restarts),
      [1, 0],
    );
  });

  it("finds a stopped worker by its silence, and answers what waited on it", async () => {
    const { pid } = await rowOf("2");
    process.kill(pid, "SIGSTOP");
    await chats(8, 16);
    const rows = await drover.workers((found) => areReady(found) && found.every((row) => row.pid !== pid));
    assert.deepEqual(
      rows.map((row) => row.restarts),
      [1, 1],
    );
    assert.ok([undefined, "Z"].includes(stateOf(pid)));
    await drover.entry((entry) => /no heartbeat for \d+ ms/.test(String(entry["reason"])));
  });

  it("drains and restarts a worker without a failed request, and shows its log", async () => {
    const load = chats(12, 24);
    assert.equal((await pasture.run(["restart", "1"])).code, 0);
    await load;
    // What somebody wanted is no crash.
    assert.equal((await rowOf("1")).restarts, 1);
    const printed = await pasture.run(["status", "--json"]);
    const status = JSON.parse(printed.stdout) as { readonly service: Record<string, unknown> };
    assert.deepEqual(Object.keys(status), ["service", "workers", "snapshots", "upstreams"]);
    assert.deepEqual([status.service["phase"], status.service["pid"]], ["serving", drover.child.pid]);
    const { stdout } = await pasture.run(["logs", "1"]);
    assert.match(stdout, /"from":"stopping","to":"exited"/);
    assert.doesNotMatch(stdout, /"worker":"2"/);
  });

  it("takes a drained worker out and puts it back", async () => {
    assert.equal((await pasture.run(["drain", "2"])).code, 0);
    assert.equal((await rowOf("2")).state, "draining");
    const { requests } = await rowOf("2");
    await chats(6, 4);
    assert.equal((await rowOf("2")).requests, requests);
    assert.equal((await pasture.run(["undrain", "2"])).code, 0);
    assert.equal((await rowOf("2")).state, "ready");
    // One that comes when all others have ended may go to the first again, which knows the prompt.
    await until(async () => {
      await chats(8, 8);
      return (await rowOf("2")).requests > requests;
    }, "the second worker is asked again");
  });

  it("scales up and down under load without a failed request", async () => {
    const load = chats(30, 24);
    assert.equal((await pasture.run(["scale", "3"])).code, 0);
    for (const count of ["1e9", "-1", "1.5", "1025", "0", ""]) {
      const { error } = await pasture.admin<{ readonly error?: string }>("POST", `/scale?count=${count}`);
      assert.equal(error, `"${count}" is no number of workers; give a whole number from 1 to 1024`);
    }
    await drover.workers((rows) => rows.length === 3 && rows.every((row) => row.state === "ready"));
    assert.equal((await pasture.run(["scale", "1"])).code, 0);
    assert.deepEqual(
      (await pasture.status()).map((row) => row.id),
      ["1"],
    );
    await load;
  });

  it("lets a running response end on SIGTERM, then leaves no process behind", async () => {
    const response = await begin(900);
    const [ended, end] = await Promise.all([drover.end("SIGTERM"), endOf(response, 900)]);
    assert.equal(end, "whole");
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(ended.stderr, "");
    assert.deepEqual(pasture.left(), []);
  });
});

/** Its end. Where there is no shared memory, one that had begun its response may end in an error event. */
async function endOf(response: Response, tokens: number): Promise<"whole" | "broken off"> {
  assert.equal(response.status, 200);
  const events = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
  const last = events.at(-1) ?? "";
  if (last === "[DONE]") {
    assert.match(events.at(-2) ?? "", new RegExp(`"completion_tokens":${tokens}\\b`));
    return "whole";
  }
  assert.match(last, /^\{"error":/);
  assert.ok(
    events.some((event) => /"content":"[^"]/.test(event)),
    `it failed before its first token: ${last}`,
  );
  return "broken off";
}
