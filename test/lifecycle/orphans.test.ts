import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { Pasture } from "../support/drover-process.ts";
import { askFake, changeFake, fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";
import { stateOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

describe("a supervisor that is killed by SIGKILL", needs("setpriv"), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("takes idle, busy, blocked and stopped workers with it, and the next one takes its socket over", async () => {
    const words = ["--workers", "4", "--threads", "1", "--worker-command", fakeCommand({ response: "never" })];
    // The supervisor must not find and end them before it is killed.
    const drover = pasture.up([...words, "--liveness-timeout", "10m", "--stall-timeout", "10m"]);
    const rows = await drover.workers((found) => found.length === 4 && found.every((row) => row.state === "ready"));
    const [, busy, blocked, stopped] = rows;
    assert.ok(busy && blocked && stopped?.pid);
    const broken = [assert.rejects(askFake(busy, "/v1/chat/completions", {}))];
    await changeFake(blocked, { blockAfterRequests: 1 });
    broken.push(assert.rejects(askFake(blocked, "/v1/chat/completions", {})));
    await drover.workers((found) => found[1]?.slots.busy === 1);
    process.kill(stopped.pid, "SIGSTOP");
    const stoppedPid = stopped.pid;
    await until(() => stateOf(stoppedPid) === "T", "it is stopped");

    await drover.end("SIGKILL");
    await pasture.empty();
    await Promise.all(broken);

    const next = pasture.up(["--workers", "1", "--worker-command", fakeCommand()]);
    assert.equal((await chat(await next.url(), 2)).status, 200);
    assert.equal((await next.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });

  it("is ended by the second signal at once, with no process left", async () => {
    // The response would be complete, and the exit status 0, after two minutes: that is not waited for.
    const words = ["--workers", "2", "--threads", "1", "--worker-command", fakeCommand({ itlMs: 60_000 })];
    const drover = pasture.up([...words, "--drain-timeout", "10m"]);
    const url = await drover.url();
    const broken = assert.rejects(chat(url, 2));
    await drover.workers((rows) => rows.some((row) => row.slots.busy > 0));
    drover.child.kill("SIGTERM");
    await drover.entry((entry) => /running responses have/.test(entry.msg ?? ""));
    const ended = await drover.end("SIGTERM");
    assert.equal(ended.code, 1);
    await broken;
    await pasture.empty();
  });

  it("gives a queued request 503 with Retry-After when it drains, and kills what ignores TERM after the grace", async () => {
    const stubborn = fakeCommand({ ignoreTerm: true, hold: true, tokens: 4, slots: 1 });
    const patience = ["--drain-timeout", "10m", "--stall-timeout", "10m"];
    const drover = pasture.up(["--workers", "1", "--worker-command", stubborn, ...patience], {
      DROVER_SUPERVISION_GRACE: "500ms",
    });
    const url = await drover.url();
    const running = chat(url, 4);
    const [row] = await drover.workers((rows) => rows[0]?.slots.busy === 1);
    assert.ok(row);
    const queued = chat(url, 4);
    const depth = async () => /^drover_queue_depth (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
    await until(async () => (await depth()) === "1", "the second request waits");
    drover.child.kill("SIGTERM");
    const refused = await queued;
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    await changeFake(row, { hold: false });
    assert.equal((await running).tokens, 4);
    assert.equal((await drover.ended).code, 0);
    assert.ok(drover.entries.some((entry) => entry["event"] === "grace-over"));
    assert.deepEqual(pasture.left(), []);
  });
});
