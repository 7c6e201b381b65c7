import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";
import { keepBusy } from "../support/machine/keep-busy.ts";
import { kill } from "../support/processes.ts";

describe("drover up with one worker on a real model", () => {
  const pasture = new Pasture();
  let drover: Drover;
  let url: string;

  before(async () => {
    ({ drover, url } = await startTinyDrover(pasture, ["--workers", "1", "--slots", "4", "--ctx", "1024"]));
    await drover.workers((rows) => rows.some((row) => row.state === "ready"));
  });
  after(() => pasture.close());

  const chat = async () => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ max_tokens: 100, messages: [{ role: "user", content: "hello" }] }),
    });
    return response.status === 200 ? "whole" : `${response.status} ${await response.text()}`;
  };

  it("answers every chat that had not begun to answer when its only worker was killed, once it is back", async () => {
    const load = keepBusy(12, chat);
    const [row] = await drover.workers((rows) => rows.some((worker) => worker.slots.busy > 0));
    kill(row?.pid);
    // Of these some meet a worker that refuses, and some one that is not there yet.
    const late = Array.from({ length: 12 }, () => chat());
    const ends = [...(await load.stop()), ...(await Promise.all(late))];
    assert.ok(ends.length >= 24);
    assert.deepEqual(
      ends.filter((end) => end !== "whole"),
      [],
    );
    assert.deepEqual(
      (await pasture.status()).map((worker) => worker.restarts),
      [1],
    );
  });
});
