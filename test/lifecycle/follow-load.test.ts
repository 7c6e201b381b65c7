import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { type LogEntry, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { keepBusy } from "../support/machine/keep-busy.ts";
import { needs } from "../support/needs.ts";
import { writeScript } from "../support/servers/plain-server.ts";

const isNoticed = (entry: LogEntry) => /nobody asked for long/.test(String(entry.msg));

describe("workers that follow the load", needs("setpriv"), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("grow with the queue up to the most, and shrink to the least when it is quiet", async () => {
    const slow = fakeCommand({ slots: 1, queue: true, itlMs: 100, tokens: 10 });
    const drover = pasture.up(["--workers", "1..3", "--worker-command", slow], {
      DROVER_SUPERVISION_SCALE_UP_AFTER: "500ms",
      DROVER_SUPERVISION_SCALE_DOWN_AFTER: "2s",
    });
    const url = await drover.url();
    assert.equal((await pasture.status()).length, 1);
    const load = keepBusy(8, () => chat(url, 10));
    await drover.workers((rows) => rows.length === 3 && rows.every((row) => row.state === "ready"));
    assert.ok((await load.stop()).every(({ status }) => status === 200));
    await drover.workers((rows) => rows.length === 1);
    assert.equal((await drover.end()).code, 0);
  });

  it("sleep when nobody asks, with no process, and wake for the next request, which waits", async () => {
    const drover = pasture.up(["--workers", "2", "--worker-command", fakeCommand(), "--idle-sleep", "1s"]);
    const url = await drover.url();
    // Whoever scrapes it or lists its models keeps nobody awake.
    const looks = ["/metrics", "/v1/models", "/api/tags"].map((path) => keepBusy(1, () => fetch(`${url}${path}`)));
    await drover.workers((rows) => rows.every((row) => row.state === "exited" && row.pid === null));
    await Promise.all(looks.map((look) => look.stop()));
    assert.equal(pasture.left().length, 1);
    for (const path of ["/health", "/ready"])
      assert.deepEqual(await (await fetch(`${url}${path}`)).json(), { status: "ok", sleeping: true });
    for (const path of ["/v1/models", "/v1/models/fake", "/api/tags", "/metrics"])
      assert.equal((await fetch(`${url}${path}`)).status, 200);
    assert.ok(
      (await pasture.status()).every((row) => row.pid === null),
      "nobody was woken by a look",
    );
    assert.equal((await chat(url, 2)).status, 200);
    assert.equal((await drover.end()).code, 0);
  });

  it("do not fall asleep before a request that comes while they are asked what a sleeper says", async () => {
    const fake = fakeCommand({ modelsMs: 900, itlMs: 400 });
    const drover = pasture.up(["--workers", "1", "--worker-command", fake, "--idle-sleep", "1s"]);
    const url = await drover.url();
    await drover.entry(isNoticed);
    assert.equal((await chat(url, 5)).status, 200);
    await drover.workers((rows) => rows.every((row) => row.state === "exited"));
    assert.equal(drover.entries.filter(isNoticed).length, 2);
    assert.equal((await drover.end()).code, 0);
  });

  it("come back all together when somebody restarts one of them", async () => {
    const drover = pasture.up(["--workers", "2", "--worker-command", fakeCommand(), "--idle-sleep", "1s"]);
    const url = await drover.url();
    await drover.workers((rows) => rows.every((row) => row.state === "exited"));
    await pasture.admin("POST", "/restart?worker=2");
    // So that they do not fall asleep again; one that serves wakes nobody.
    const busy = keepBusy(1, () => chat(url, 2));
    await drover.workers((rows) => rows.every((row) => row.state === "ready"));
    await busy.stop();
    assert.equal((await drover.end()).code, 0);
  });

  it("wake again, though they could not be woken the time before", async () => {
    const needed = join(pasture.folder, "needed");
    writeFileSync(needed, "");
    const script = writeScript(
      pasture.folder,
      "run.sh",
      `[ -e ${needed} ] || exit 3\nexec ${fakeCommand().replace("{port}", "$1")}`,
    );
    const drover = pasture.up(["--workers", "1", "--worker-command", `bash ${script} {port}`, "--idle-sleep", "1s"], {
      DROVER_SUPERVISION_MAX_RESTARTS: "1",
    });
    const url = await drover.url();
    const isAsleep = () => drover.workers(([row]) => row?.state === "exited");
    await isAsleep();
    rmSync(needed);
    assert.notEqual((await chat(url, 2)).status, 200);
    await isAsleep();
    writeFileSync(needed, "");
    assert.equal((await chat(url, 2)).status, 200);
    assert.equal((await drover.end()).code, 0);
  });

  it("are drained and replaced when they hold more memory than allowed, one at a time", async () => {
    const words = ["--workers", "2", "--worker-command", fakeCommand(), "--worker-memory-limit", "1MiB"];
    const drover = pasture.up(words);
    const url = await drover.url();
    await drover.entry((entry) => /over the limit of 1 MiB: draining and replacing/.test(String(entry.msg)));
    const before = (await pasture.status()).map((row) => row.pid);
    await drover.workers(
      (rows) => rows.some((row) => !before.includes(row.pid)) && rows.some((row) => row.state === "ready"),
    );
    assert.equal((await chat(url, 2)).status, 200);
    assert.equal((await drover.end()).code, 0);
  });

  it("may be any command: probed over HTTP until it is ready, and replaced when its probes fail", async () => {
    const program = join(pasture.folder, "plain.mjs");
    writeFileSync(
      program,
      `import { createServer } from "node:http";
       process.disconnect?.();
       let isWell = true;
       createServer((request, response) => {
         if (request.method === "POST" && request.url === "/v1/completions") isWell = false;
         if (request.url === "/alive" && !isWell) return;
         response.end(request.url === "/alive" ? "all well" : "{}");
       }).listen(Number(process.argv[2]), "127.0.0.1");`,
    );
    writeFileSync(
      join(pasture.folder, "drover.yaml"),
      "checks: { path: /alive, body: all well, interval: 200ms, timeout: 2s, fall: 2 }\n",
    );
    const drover = pasture.up(["--workers", "1", "--worker-command", `${process.execPath} ${program} {port}`]);
    const url = await drover.url();
    const [row] = await pasture.status();
    assert.equal((await fetch(`${url}/v1/completions`, { method: "POST", body: "{}" })).status, 200);
    const failed = await drover.entry((entry) => entry["event"] === "crashed");
    assert.match(String(failed["reason"]), /2 probes of \/alive failed: no response within 2000 ms/);
    const [next] = await drover.workers((rows) => rows[0]?.state === "ready");
    assert.ok(row && next && next.pid !== row.pid && next.restarts >= 1);
    assert.equal((await drover.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });
});
