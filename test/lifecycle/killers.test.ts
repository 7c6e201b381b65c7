import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pasture, type WorkerRow } from "../support/drover-process.ts";

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
const WORKERS = 4;

describe("requests that crash each worker that they reach", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  /** Four users chat, each with a key, while `hostile` runs. */
  async function whileOthersChat(hostile: (asks: Asks) => Promise<void>): Promise<void> {
    const file = join(pasture.folder, "server.mjs");
    writeFileSync(file, SERVER);
    const users = ["alice", "bobby", "carol", "david"];
    const keys = ["mallory", ...users].flatMap((name) => ["--api-key", `${name}=${name}`]);
    const command = `${process.execPath} ${file} {port}`;
    const words = ["--workers", String(WORKERS), "--worker-command", command, ...keys];
    const drover = pasture.up(words, { DROVER_SUPERVISION_BACKOFF: "20ms" });
    const url = await drover.url();
    await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
    const ask = async (content: string, key: string) => {
      const body = JSON.stringify({ messages: [{ role: "user", content }] });
      const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      return `${response.status} ${await response.text()}`;
    };
    const over = new AbortController();
    const honest = users.map(async (user) => {
      for (let turn = 0; !over.signal.aborted; turn += 1) assert.equal(await ask(`turn ${turn}`, user), "200 ok");
    });
    const restarts = async (isMeant: (row: WorkerRow) => boolean) => {
      const settled = await drover.workers((rows) =>
        rows.every(({ state }) => state === "ready" || state === "quarantined"),
      );
      return settled.filter(isMeant).reduce((sum, row) => sum + row.restarts, 0);
    };
    const asks = {
      ask: (content: string) => ask(content, "mallory"),
      crashes: () => restarts(({ id }) => id !== "isolation"),
      crashesApart: () => restarts(({ id }) => id === "isolation"),
    };
    try {
      await Promise.race([hostile(asks), Promise.all(honest)]).finally(() => over.abort());
      await Promise.all(honest);
    } finally {
      await drover.end();
    }
  }

  it("end with an error themselves, all others beside them are served, and ten of one client cost two workers, alike or not", async () => {
    await whileOthersChat(async ({ ask, crashes, crashesApart }) => {
      for (const index of numbers) assert.match(await ask(`KILL ${index}`), CONDEMNED);
      assert.equal(await crashes(), 2, "ten that are alike, one after another");
      const honest = numbers.map((index) => ask(`${wordOf(index)}, and honest`));
      for (const reply of await Promise.all(numbers.map((index) => ask(`KILL ${wordOf(index)}`))))
        assert.match(reply, CONDEMNED);
      for (const reply of await Promise.all(honest)) assert.equal(reply, "200 ok", "of the same client");
      assert.equal(await crashes(), 2, "ten more that have nothing in common");
      assert.ok((await crashesApart()) >= KILLERS, "they ended the worker that their client has for itself");
    });
  });

  it("cost two workers where ten of one client that have nothing in common come at once", async () => {
    await whileOthersChat(async ({ ask, crashes }) => {
      const replies = await Promise.all(numbers.map((index) => ask(`KILL ${wordOf(index)}`)));
      for (const reply of replies) assert.match(reply, CONDEMNED);
      assert.ok((await crashes()) <= 2, `${await crashes()} crashes`);
    });
  });
});

interface Asks {
  /** As one client, whose requests are the hostile ones. */
  readonly ask: (content: string) => Promise<string>;
  /** Restarts of the workers of all. */
  readonly crashes: () => Promise<number>;
  /** Restarts of the worker that the client has for itself. */
  readonly crashesApart: () => Promise<number>;
}

const CONDEMNED = /^500 .*crashes_workers/;
const numbers = Array.from({ length: KILLERS }, (_, index) => index);

function wordOf(index: number): string {
  return String.fromCodePoint(0x61 + index).repeat(9);
}
