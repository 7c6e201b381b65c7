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
  }).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1 });
`;

/** As short as they can be: the time for a connection, and its queue above, are meant to be too short for five at a time. */
const LIMITS = {
  DROVER_CHECKS_INTERVAL: "200ms",
  DROVER_CHECKS_TIMEOUT: "200ms",
  DROVER_CHECKS_FALL: "3",
  DROVER_BALANCER_CONNECT_TIMEOUT: "200ms",
};

describe("a worker command that does one thing at a time", () => {
  const pasture = new Pasture();
  after(() => pasture.close());
  const file = join(pasture.folder, "server.mjs");
  writeFileSync(file, SERVER);

  it("is left alone while it works on a request, though no probe is answered, until the stall timeout", async () => {
    const command = `${process.execPath} ${file} {port}`;
    const words = ["--workers", "1", "--worker-command", command, "--stall-timeout", "8s"];
    const drover = pasture.up(words, LIMITS);
    const url = await drover.url();
    const work = (ms: number, more: RequestInit = {}) => fetch(`${url}/work?ms=${ms}`, { method: "POST", ...more });
    // Many times what its probes allow, and more of them than its queue of connections has room for.
    const slow = await Promise.all(Array.from({ length: 5 }, () => work(700)));
    assert.deepEqual(
      await Promise.all(slow.map(async (response) => [response.status, await response.text()])),
      slow.map(() => [200, "ok"]),
    );
    const [row] = await pasture.status();
    assert.equal(row?.restarts, 0);
    const stuck = work(600_000).catch(() => undefined);
    // Those who come and give up are no sign of life.
    const knock = () => void work(1, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    const knocking = setInterval(knock, 500);
    const hung = await drover.entry((entry) => entry["event"] === "hung").finally(() => clearInterval(knocking));
    assert.match(String(hung["reason"]), /^requests but no engine step for \d{4,} ms$/);
    await until(async () => (await pasture.status()).some(({ restarts }) => restarts > 0), "it is replaced");
    await drover.end("SIGKILL");
    await stuck;
  });
});
