import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import tls from "node:tls";
import type { Settings } from "@drover/config";
import { pino } from "pino";
import { eventually } from "../test-support/eventually.ts";
import { testCertificates } from "../test-support/certificates.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { httpUpstream, rawUpstream } from "../test-support/upstream-server.ts";

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
    balancer.addUpstream({ id: "w1", origin: `http://127.0.0.1:${upstreamPort}`, maxConns: 4, owned: true });
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
      const [response] = (await once(open(port, "/no"), "response")) as [http.IncomingMessage];
      response.resume();
      status = response.statusCode;
    }
  });

  /** A balancer before servers that it does not own. */
  async function before(
    upstreams: readonly string[],
    change: (settings: Settings) => Settings = (settings) => settings,
  ) {
    const { balancer, port } = await runBalancer({
      settings: (settings) => change({ ...settings, balancer: { ...settings.balancer, upstreams } }),
    });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }));
    return { balancer, port };
  }

  async function raw(onConnection: (socket: Socket) => void) {
    const upstream = await rawUpstream(onConnection);
    closers.push(() => upstream.close());
    return upstream;
  }

  it("frees its slot, and its key's place among the limits, where the client leaves before the upstream answers", async () => {
    const silent = await raw(() => {});
    const { balancer, port } = await before([`${silent.origin} max_conns=1`], (settings) => ({
      ...settings,
      limits: { ...settings.limits, concurrency: 2 },
    }));
    const clients = [open(port, "/one"), open(port, "/two")];
    for (const client of clients) client.on("error", () => {});
    await eventually("one waits behind the other", () => balancer.status().queue.depth === 1);
    for (const client of clients) client.destroy();
    await eventually("nobody waits", () => balancer.status().queue.depth === 0);
    await eventually("the slot is free", () => balancer.status().upstreams[0]?.active === 0);
    const next = open(port, "/three").on("error", () => {});
    await eventually("another one is let in", () => balancer.status().upstreams[0]?.active === 1);
    next.destroy();
  });

  it("goes to another upstream where one stays silent, and that is counted as its failure", async () => {
    const silent = await raw(() => {});
    const echoing = await raw((socket) => {
      socket.once("data", () => socket.write(`${switching}\r\n`));
    });
    const { balancer, port } = await before([`${silent.origin} weight=9`, echoing.origin], (settings) => ({
      ...settings,
      balancer: { ...settings.balancer, readTimeout: 60 },
    }));
    const [response, socket] = (await once(open(port, "/"), "upgrade")) as [http.IncomingMessage, Socket];
    assert.equal(response.statusCode, 101);
    assert.equal(balancer.status().upstreams[0]?.failures, 1);
    socket.destroy();
  });

  it("answers 504 where the only upstream stays silent", async () => {
    const silent = await raw(() => {});
    const { port } = await before([silent.origin], (settings) => ({
      ...settings,
      balancer: { ...settings.balancer, readTimeout: 60 },
    }));
    const [response] = (await once(open(port, "/"), "response")) as [http.IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 504);
  });

  it("sends repeated fields as they came, both ways", async () => {
    let head = "";
    const upstream = await raw((socket) => {
      socket.once("data", (bytes: Buffer) => {
        head = bytes.toString();
        socket.write(`${switching}Set-Cookie: x=1\r\nSet-Cookie: y=2\r\n\r\n`);
      });
    });
    const { port } = await before([upstream.origin]);
    const fields = ["Connection: Upgrade", "Upgrade: websocket", "Cookie: a=1", "Cookie: b=2"];
    const protocols = ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: log", "Connection: close"];
    const client = net.connect(port, "127.0.0.1");
    client.write(`GET / HTTP/1.1\r\nHost: a\r\n${[...fields, ...protocols].join("\r\n")}\r\n\r\n`);
    const [bytes] = (await once(client, "data")) as [Buffer];
    client.destroy();
    for (const field of ["Cookie: a=1", "Cookie: b=2", protocols[0], protocols[1]])
      assert.ok(head.includes(`${field}\r\n`));
    assert.deepEqual(bytes.toString().match(/^set-cookie: .*$/gim)?.length, 2);
  });

  it("carries what either side sends, however much, and ends with its client", async () => {
    const upstream = await raw((socket) => {
      socket.once("data", () => {
        socket.write(`${switching}\r\nfirst`);
        socket.on("data", (bytes: Buffer) => socket.write(bytes));
        socket.on("end", () => socket.end());
      });
    });
    const { balancer, port } = await before([upstream.origin]);
    const [, socket, first] = (await once(open(port, "/"), "upgrade")) as [http.IncomingMessage, Socket, Buffer];
    let received = first.length;
    socket.on("data", (bytes: Buffer) => (received += bytes.length));
    const sent = 8 * 1024 * 1024;
    socket.write(Buffer.alloc(sent));
    await eventually("all of it came back", () => received === "first".length + sent);
    socket.end();
    await eventually("the slot is free", () => balancer.status().upstreams[0]?.active === 0);
  });

  it("names the upstream's host in the TLS handshake", async () => {
    let asked = "";
    const upstream = tls.createServer({
      cert: testCertificates.a.certificate,
      key: testCertificates.a.key,
      SNICallback: (name, done) => {
        asked = name;
        done(null);
      },
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    closers.push(() => upstream.close());
    const { port } = await before([`https://localhost:${(upstream.address() as AddressInfo).port}`]);
    const [response] = (await once(open(port, "/"), "response")) as [http.IncomingMessage];
    response.resume();
    assert.equal(asked, "localhost");
  });

  it("is served without an upgrade by a worker that has none, which is given its secret", async () => {
    const worker = await httpUpstream(({ headers }, response) => {
      response.writeHead(headers["x-drover-secret"] === "s" ? 404 : 401).end("no such route");
    });
    closers.push(() => worker.close());
    const { balancer, port } = await before([]);
    balancer.addUpstream({ id: "w1", origin: worker.origin, maxConns: 1, owned: true, secret: "s" });
    balancer.setReady("w1", true);
    const [received] = (await once(open(port, "/socket"), "response")) as [http.IncomingMessage];
    received.resume();
    assert.equal(received.statusCode, 404);
  });
});

const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

const open = (port: number, path: string, key = "secret-1") =>
  http.get({
    port,
    path,
    agent: false,
    headers: { connection: "Upgrade", upgrade: "websocket", authorization: `Bearer ${key}` },
  });
