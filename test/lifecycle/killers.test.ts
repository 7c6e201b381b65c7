import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pasture } from "../support/drover-process.ts";

/** A server that ends in the middle of each request that says KILL, and of all that run beside it. */
const SERVER = `
  import { createServer } from "node:http";
  createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (body.includes("KILL")) setTimeout(() => process.exit(134), 50 + 100 * Math.random());
    else setTimeout(() => response.end("ok"), request.method === "GET" ? 0 : 100 + 200 * Math.random());
  }).listen(Number(process.argv[2]), "127.0.0.1");
`;

const KILLERS = 10;
const WORKERS = 3;

describe("requests that crash each worker that they reach", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("end with an error themselves, and all others beside them are served", async () => {
    const file = join(pasture.folder, "server.mjs");
    writeFileSync(file, SERVER);
    const drover = pasture.up(["--workers", String(WORKERS), "--worker-command", `${process.execPath} ${file} {port}`]);
    const url = await drover.url();
    await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
    const ask = async (content: string) => {
      const body = JSON.stringify({ messages: [{ role: "user", content }] });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      return `${response.status} ${await response.text()}`;
    };
    const over = new AbortController();
    const honest = [0, 1, 2, 3].map(async (user) => {
      for (let turn = 0; !over.signal.aborted; turn += 1)
        assert.equal(await ask(`user ${user}, turn ${turn}`), "200 ok");
    });
    const crashes = async () => {
      const settled = await drover.workers((rows) =>
        rows.every(({ state }) => state === "ready" || state === "quarantined"),
      );
      return settled.reduce((sum, { restarts }) => sum + restarts, 0);
    };
    const all = async (texts: readonly string[]) => {
      for (const reply of await Promise.all(texts.map(ask))) assert.match(reply, /^500 .*crashes_workers/);
    };
    const numbers = Array.from({ length: KILLERS }, (_, index) => index);
    const hostile = async () => {
      for (const index of numbers) await all([`KILL ${index}`]);
      assert.equal(await crashes(), 2, "ten of one client that are alike, one after another");
      await all(numbers.map((index) => `KILL at once ${index}`));
      const before = await crashes();
      assert.ok(before <= 2 + WORKERS + 1, `${before} crashes: one in each worker, and one alone`);
      await all(numbers.map((index) => `KILL ${String.fromCodePoint(0x61 + index).repeat(9)}`));
      assert.ok((await crashes()) <= before + 2 * KILLERS, "ten that have nothing in common");
    };
    await Promise.race([hostile(), Promise.all(honest)]).finally(() => over.abort());
    await Promise.all(honest);
  });
});
