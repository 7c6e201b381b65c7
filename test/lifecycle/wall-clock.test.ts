import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { chat } from "../support/chat.ts";
import { Pasture } from "../support/drover-process.ts";
import { changeFake, fakeCommand } from "../support/fake-command.ts";

const HOUR_MS = 3_600_000;
/** The sources of the tests lie beside what they were compiled to. */
const CLOCK = new URL("../../support/machine/wall-clock.mjs", import.meta.url).href;

describe("a step of the machine's date", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("forward and back changes nothing under load: no request fails, and a killed worker comes back", async () => {
    const file = join(pasture.folder, "off");
    const set = (offMs: number) => writeFileSync(file, `${offMs}\n`);
    set(0);
    const model = join(pasture.folder, "tiny.gguf");
    await writeSyntheticModel("tiny", model, "q8_0");
    const words = ["--model", model, "--workers", "2", "--threads", "1", "--slots", "2"];
    const drover = pasture.up(words, { NODE_OPTIONS: `--import ${CLOCK}`, WALL_CLOCK_FILE: file });
    const url = await drover.url();
    const beganMs = performance.now();
    await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
    const statuses: number[] = [];
    const load = { isOver: false };
    const ask = async () => {
      while (!load.isOver) statuses.push((await chat(url, 8)).status);
    };
    const users = [ask(), ask(), ask()];
    // Further ahead than back: the last step leaves the clock behind the true one.
    for (const offMs of [HOUR_MS, -2 * HOUR_MS]) {
      set(offMs);
      const isShifted = (time: unknown) => Math.abs(Number(time) - Date.now() - offMs) < HOUR_MS / 2;
      const [first] = await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
      process.kill(first?.pid ?? 0, "SIGKILL");
      await drover.entry(({ time, to }) => to === "ready" && isShifted(time));
      await drover.workers((rows) => rows.every(({ state, pid }) => state === "ready" && pid !== first?.pid));
    }
    load.isOver = true;
    await Promise.all(users);
    assert.deepEqual([...new Set(statuses)], [200]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const [, sum] = /^drover_request_duration_seconds_sum(?:\{[^}]*\})? (\S+)$/m.exec(metrics) ?? [];
    const elapsedSeconds = (performance.now() - beganMs) / 1000;
    assert.ok(Number(sum) > 0 && Number(sum) <= users.length * elapsedSeconds, `${sum} s of requests`);
    assert.equal((await drover.end()).code, 0);
  });

  it("back does not save a worker that hangs", async () => {
    const file = join(pasture.folder, "off");
    writeFileSync(file, "0\n");
    const words = ["--workers", "1", "--worker-command", fakeCommand(), "--stall-timeout", "5s"];
    const drover = pasture.up(words, { NODE_OPTIONS: `--import ${CLOCK}`, WALL_CLOCK_FILE: file });
    const url = await drover.url();
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(row);
    await changeFake(row, { stuckSteps: true, response: "never" });
    const response = chat(url, 3);
    await drover.workers(([only]) => only?.slots.busy === 1);
    writeFileSync(file, `${-2 * HOUR_MS}\n`);
    // Another worker serves it.
    assert.equal((await response).status, 200);
    const [next] = await drover.workers(([only]) => only?.state === "ready");
    assert.notEqual(next?.pid, row.pid);
    assert.match(String((await drover.entry(({ event }) => event === "hung"))["reason"]), /no engine step for \d+ ms/);
  });
});
