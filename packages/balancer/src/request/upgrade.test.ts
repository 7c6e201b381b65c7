import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import type { Settings } from "@drover/config";
import { pino } from "pino";
import { eventually } from "../test-support/eventually.ts";
import { runBalancer } from "../test-support/run-balancer.ts";

describe("a WebSocket at the front door", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function run(change: (settings: Settings) => Settings) {
    const upstream = http.createServer((_request, response) => response.writeHead(404).end("no"));
    upstream.on("upgrade", (request, socket) => {
      if (request.url === "/no") return socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      return socket.pipe(socket);
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const lines: Record<string, unknown>[] = [];
    const logger = pino({}, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    const { balancer, port } = await runBalancer({
      settings: (settings) => change({ ...settings, log: { ...settings.log, access: "json" } }),
      options: { logger },
    });
    closers.push(
      () => balancer.close({ drainTimeoutMs: 0 }),
      () => upstream.close(),
    );
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    balancer.addUpstream({ id: "w1", origin: `http://127.0.0.1:${upstreamPort}`, slots: 4, owned: true });
    balancer.setReady("w1", true);
    const requests = () => lines.filter(({ msg }) => msg === "request");
    return { port, requests, metrics: `http://127.0.0.1:${port}/metrics` };
  }

  it("is in the access log and the metrics when it is over, also where it was refused", async () => {
    const { port, requests, metrics } = await run((settings) => ({ ...settings, apiKeys: ["team=secret-1"] }));
    const [, socket] = (await once(open(port, "/socket"), "upgrade")) as [http.IncomingMessage, Socket];
    socket.write("ping");
    await once(socket, "data");
    socket.destroy();
    await eventually("it is logged", () => requests().length === 1);
    const [refused] = (await once(open(port, "/no"), "response")) as [http.IncomingMessage];
    refused.resume();
    await eventually("the refused one is logged", () => requests().length === 2);
    const [strange] = (await once(open(port, "/socket", "other"), "response")) as [http.IncomingMessage];
    strange.resume();
    await eventually("the one without a key is logged", () => requests().length === 3);
    assert.deepEqual(
      requests().map(({ path, status, key, upstream }) => [path, status, key, upstream]),
      [
        ["/socket", 101, "team", "w1"],
        ["/no", 404, "team", "w1"],
        ["/socket", 401, undefined, ""],
      ],
    );
    assert.ok(Number(requests()[0]?.["bytes"]) >= "ping".length);
    const counted = await (await fetch(metrics, { headers: { "x-api-key": "secret-1" } })).text();
    assert.match(counted, /^drover_requests_total\{status="101"\} 1$/m);
  });

  it("counts for its key's limits as long as it is open", async () => {
    const { port } = await run((settings) => ({
      ...settings,
      apiKeys: ["secret-1"],
      limits: { ...settings.limits, concurrency: 1 },
    }));
    const [, socket] = (await once(open(port, "/socket"), "upgrade")) as [http.IncomingMessage, Socket];
    const [second] = (await once(open(port, "/socket"), "response")) as [http.IncomingMessage];
    assert.equal(second.statusCode, 429);
    second.resume();
    socket.destroy();
    // The balancer hears of its end a moment later.
    for (let status: number | undefined = 429, tries = 0; status !== 404; tries += 1) {
      assert.ok(tries < 10_000, `the place is still held: ${status}`);
      const [answer] = (await once(open(port, "/no"), "response")) as [http.IncomingMessage];
      answer.resume();
      status = answer.statusCode;
    }
  });
});

const open = (port: number, path: string, key = "secret-1") =>
  http.get({
    port,
    path,
    agent: false,
    headers: { connection: "Upgrade", upgrade: "websocket", authorization: `Bearer ${key}` },
  });
