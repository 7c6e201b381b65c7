import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pasture } from "../support/drover-process.ts";
import { until } from "../support/until.ts";

/** A server that does one thing at a time: nothing else is served while it works, as in many a `python app.py`. */
const SERVER = `
  import { createServer } from "node:http";
  const pause = new Int32Array(new SharedArrayBuffer(4));
  createServer((request, response) => {
    if (request.url !== "/health") Atomics.wait(pause, 0, 0, Number(new URL(request.url, "http://x").searchParams.get("ms")));
    response.end("ok");
  }).listen(Number(process.argv[2]), "127.0.0.1");
`;

const CHECKS = { DROVER_CHECKS_INTERVAL: "200ms", DROVER_CHECKS_TIMEOUT: "200ms", DROVER_CHECKS_FALL: "3" };

describe("a worker command that does one thing at a time", () => {
  const pasture = new Pasture();
  after(() => pasture.close());
  const file = join(pasture.folder, "server.mjs");
  writeFileSync(file, SERVER);

  it("is left alone while it works on a request, though no probe is answered, until the stall timeout", async () => {
    const command = `${process.execPath} ${file} {port}`;
    const words = ["--workers", "1", "--worker-command", command, "--stall-timeout", "8s"];
    const drover = pasture.up(words, CHECKS);
    const url = await drover.url();
    // Many times what its probes allow.
    const slow = await fetch(`${url}/work?ms=3000`);
    assert.deepEqual([slow.status, await slow.text()], [200, "ok"]);
    const [row] = await pasture.status();
    assert.equal(row?.restarts, 0);
    const stuck = fetch(`${url}/work?ms=600000`).catch(() => undefined);
    const hung = await drover.entry((entry) => entry["event"] === "hung");
    assert.match(String(hung["reason"]), /^requests but no engine step for \d{4,} ms$/);
    await until(async () => (await pasture.status()).some(({ restarts }) => restarts > 0), "it is replaced");
    await drover.end("SIGKILL");
    await stuck;
  });
});
