import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Drover, type LogEntry, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { makeMemoryCgroup } from "../support/machine/memory-cgroup.ts";
import { until } from "../support/until.ts";

const MIB = 2 ** 20;
const group = makeMemoryCgroup(4 * MIB);

const isEnd = (entry: LogEntry) => entry["worker"] === "1" && entry["event"] === "crashed";

describe("a worker that the kernel kills for want of memory", () => {
  const skip = group === undefined && "needs a writable memory cgroup";
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;

  before(async () => {
    if (group === undefined) return;
    drover = pasture.up(["--workers", "2", "--worker-command", fakeCommand()]);
    url = await drover.url();
  });
  after(async () => {
    await pasture.close();
    group?.remove();
  });

  it("is named so in the log and replaced, and its request is answered", { skip }, async () => {
    const [row] = await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
    group?.take(row?.pid ?? 0);
    // More than its group may hold. Of two at once each worker gets one, and the other worker is in no such group.
    const body = JSON.stringify({ max_tokens: 2, messages: [{ role: "user", content: "x".repeat(9 * MIB) }] });
    const ask = () => fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    await until(async () => {
      const statuses = (await Promise.all([ask(), ask()])).map(({ status }) => status);
      assert.deepEqual(statuses, [200, 200]);
      return drover.entries.some(isEnd);
    }, "the first worker is killed");
    const end = await drover.entry(isEnd);
    assert.match(String(end["reason"]), /^killed by the kernel: out of memory\. Use fewer --workers/);
    const [next] = await drover.workers(([first]) => first?.state === "ready" && first.pid !== row?.pid);
    assert.equal(next?.restarts, 1);
  });
});
