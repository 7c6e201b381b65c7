import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { systemClock } from "../clock.ts";
import { getJson, httpGet } from "./http-get.ts";
import { createManualClock } from "../test-support/manual-clock.ts";

async function serve(t: TestContext, respond: http.RequestListener, where: number | string = 0): Promise<number> {
  const server = http.createServer(respond);
  if (typeof where === "string") server.listen(where);
  else server.listen(where, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo | string;
  return typeof address === "string" ? 0 : address.port;
}

const echo: http.RequestListener = (request, response) =>
  response.writeHead(418).end(`${request.url} ${String(request.headers["x-who"])}`);

const patient = { timeoutMs: 10_000, clock: systemClock };

describe("one HTTP GET", () => {
  it("gives status and body by URL, by address and over a unix socket, with the caller's headers", async (t) => {
    const port = await serve(t, echo);
    const folder = mkdtempSync(join(tmpdir(), "drover-get-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, "s.sock");
    await serve(t, echo, socketPath);
    const expected = { responded: true, status: 418, body: "/a?b=1 me" };
    const options = { ...patient, headers: { "x-who": "me" } };
    assert.deepEqual(await httpGet(`http://127.0.0.1:${port}/a?b=1`, options), expected);
    assert.deepEqual(await httpGet({ host: "127.0.0.1", port }, { ...options, path: "/a?b=1" }), expected);
    assert.deepEqual(await httpGet({ socketPath }, { ...options, path: "/a?b=1" }), expected);
  });

  it("ends with the reason where the server refuses, is silent, or stops in the middle of its body", async (t) => {
    const refused = await httpGet("http://127.0.0.1:1/", patient);
    assert.match(refused.responded ? "" : refused.reason, /ECONNREFUSED/);
    const clock = createManualClock();
    for (const begin of [() => {}, (response: http.ServerResponse) => response.writeHead(200).write("a part")]) {
      const port = await serve(t, (_request, response) => {
        begin(response);
        setImmediate(() => clock.advance(1000));
      });
      assert.deepEqual(await httpGet({ host: "127.0.0.1", port }, { path: "/", timeoutMs: 1000, clock }), {
        responded: false,
        reason: "no response within 1000 ms",
      });
    }
    assert.equal(clock.waiting(), 0);
  });

  it("reads JSON of a 200, and nothing else", async (t) => {
    const port = await serve(t, (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://x");
      response.writeHead(Number(searchParams.get("status"))).end(searchParams.get("body"));
    });
    const ask = (status: number, body: string) =>
      getJson(`http://127.0.0.1:${port}/?status=${status}&body=${encodeURIComponent(body)}`, patient);
    assert.deepEqual(await ask(200, '{"a":1}'), { a: 1 });
    assert.equal(await ask(503, '{"a":1}'), undefined);
    assert.equal(await ask(200, '{"a":'), undefined);
    assert.equal(await getJson("http://127.0.0.1:1/", patient), undefined);
  });
});
