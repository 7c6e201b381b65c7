import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import type { Settings } from "@drover/config";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { eventually } from "../test-support/eventually.ts";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { pingingClock } from "../test-support/timeless-clock.ts";
import { deadPort, httpUpstream, rawUpstream, type TestUpstream } from "../test-support/upstream-server.ts";

describe("forwarding", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  /** `foreign` upstreams follow nginx's rules, others are Drover's own. */
  async function run(
    upstreams: readonly TestUpstream[],
    foreign = false,
    change = (settings: Settings) => settings,
    clock: Clock = systemClock,
  ) {
    const running = await runBalancer({ settings: change, options: { clock } });
    closers.push(
      () => running.balancer.close({ drainTimeoutMs: 0 }),
      ...upstreams.map((upstream) => () => upstream.close()),
    );
    upstreams.forEach(({ origin }, index) => {
      running.balancer.addUpstream({ id: `u${index}`, origin, maxConns: foreign ? 0 : 8, owned: !foreign });
      running.balancer.setReady(`u${index}`, true);
    });
    return running;
  }

  it("answers Expect: 100-continue itself, and sends the body on with its length", async () => {
    const upstream = await httpUpstream((request, response) => {
      response.setHeader("x-seen", `${request.headers.expect} ${request.headers["content-length"]}`);
      request.pipe(response);
    });
    const { port } = await run([upstream]);
    const request = http.request({ port, method: "POST", headers: { expect: "100-continue" } });
    request.flushHeaders();
    await once(request, "continue");
    request.end("after the continue");
    const [received] = (await once(request, "response")) as [http.IncomingMessage];
    assert.equal(received.headers["x-seen"], "undefined 18");
    assert.equal(String((await once(received, "data"))[0]), "after the continue");
  });

  it("passes 103 Early Hints on before the response, and drops 102", async () => {
    const upstream = await rawUpstream((socket) =>
      socket.once("data", () =>
        socket.write(
          "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ),
      ),
    );
    const { port } = await run([upstream]);
    const seen = await rawExchange(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.match(seen, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    assert.match(seen, /\r\n\r\nok$/);
  });

  it("passes no 103 on in a response that has begun", async () => {
    const sockets: Socket[] = [];
    const upstream = await rawUpstream((socket) => socket.once("data", () => sockets.push(socket)));
    closers.push(() => upstream.close());
    const { balancer, port } = await run([], false, (settings) => settings, pingingClock);
    balancer.addUpstream({ id: "w1", origin: upstream.origin, maxConns: 1, owned: true });
    balancer.setReady("w1", true);
    const ask = () => {
      const body = '{"stream":true}';
      const fields = `Host: a\r\nx-drover-queue-events: 1\r\nContent-Length: ${body.length}\r\nConnection: close`;
      return rawExchange(port, `POST /v1/chat/completions HTTP/1.1\r\n${fields}\r\n\r\n${body}`);
    };
    const both = [ask(), ask()];
    for (const count of [1, 2]) {
      await eventually("it is asked", () => sockets.length === count);
      if (count === 1) await eventually("the other one waits", () => balancer.status().queue.depth === 1);
      sockets[count - 1]?.end(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n",
      );
    }
    const [first = "", second = ""] = await Promise.all(both);
    assert.match(first, /^HTTP\/1\.1 103 /);
    assert.match(second, /: queue 1[^]*data: 1/);
    assert.doesNotMatch(second, /103/);
  });

  it("passes no framing on in a 103, and no fields that are the upstream connection's own", async () => {
    const fields = "Link: </a>\r\nContent-Length: 5\r\nConnection: X-Own\r\nX-Own: 1";
    const upstream = await rawUpstream((socket) =>
      socket.once("data", () => {
        socket.write(`HTTP/1.1 103 Early Hints\r\n${fields}\r\n\r\n`);
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }),
    );
    const { port } = await run([upstream]);
    const seen = await rawExchange(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.match(seen, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it("gives an upstream up that sends hints without end", async () => {
    const hint = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    const flooding = await rawUpstream((socket) => socket.on("data", () => socket.write(hint.repeat(500))));
    const { port } = await run([flooding], true);
    const received = await rawExchange(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match(received, /^(?:HTTP\/1\.1 103 [^]*?\r\n\r\n){1,100}HTTP\/1\.1 502 [^]*1xx heads without end/);
  });

  it("says why it could not connect to a name, however many addresses that has", async () => {
    const { balancer, url } = await run([]);
    balancer.addUpstream({ id: "u", origin: `http://localhost:${await deadPort()}`, maxFails: 0 });
    const response = await fetch(url);
    assert.equal(response.status, 502);
    assert.match(await response.text(), /ECONNREFUSED/);
  });

  it("ends an event that was cut off before it tells of the upstream's death", async () => {
    const torn = await rawUpstream((socket) => {
      socket.once("data", () => {
        const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        socket.end(`${head}16\r\ndata: one\n\ndata: {"cut\r\n`);
      });
    });
    const { url } = await run([torn], true);
    const text = await (await fetch(url)).text();
    assert.match(text, /^data: one\n\ndata: \{"cut\n\nevent: error\ndata: \{.*upstream_died.*\}\n\n$/);
  });

  it("relays trailers", async () => {
    const upstream = await httpUpstream((_request, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "x-sum": "42" });
      response.end();
    });
    const { port } = await run([upstream]);
    const [received] = (await once(http.get({ port }), "response")) as [http.IncomingMessage];
    received.resume();
    await once(received, "end");
    assert.equal(received.trailers["x-sum"], "42");
  });

  it("answers HEAD with the upstream's length and no body, and continues the connection", async () => {
    const upstream = await httpUpstream((_request, response) => response.setHeader("content-length", 5).end("hello"));
    const { port } = await run([upstream]);
    const seen = await rawExchange(
      port,
      "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    const [head = "", get = ""] = seen.split(/(?=HTTP\/1\.1 200)/);
    assert.match(head, /content-length: 5\r\n[^]*\r\n\r\n$/i);
    assert.match(get, /\r\n\r\nhello$/);
  });

  it("answers pipelined requests in their order, streams among them", async () => {
    const upstream = await httpUpstream((request, response) => {
      response.write(`[${request.url} `);
      setTimeout(() => response.end("end]"), request.url === "/1" ? 60 : 5);
    });
    const { port } = await run([upstream]);
    const paths = ["/1", "/2", "/3"];
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const seen = await rawExchange(port, requests.join("") + last);
    assert.deepEqual(
      [...seen.matchAll(/\[(\/\w+) /g)].map((match) => match[1]),
      ["/1", "/2", "/3", "/last"],
    );
  });

  it("takes the chunks off for an HTTP/1.0 client", async () => {
    const upstream = await httpUpstream((_request, response) => {
      response.write("one ");
      response.end("two");
    });
    const { port } = await run([upstream]);
    const seen = await rawExchange(port, "GET / HTTP/1.0\r\n\r\n");
    assert.match(seen, /\r\n\r\none two$/);
    assert.doesNotMatch(seen, /transfer-encoding/i);
  });

  it("sends a chunked request body on", async () => {
    const { port } = await run([await echo()]);
    const seen = await rawExchange(
      port,
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
    );
    assert.match(seen, /abcdefg/);
  });

  it("forwards to a unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-unix-"));
    const path = join(folder, "app.sock");
    const server = http.createServer((_request, response) => response.end("over a path")).listen(path);
    await once(server, "listening");
    closers.push(
      () => server.close(),
      () => rmSync(folder, { recursive: true, force: true }),
    );
    const { balancer, url } = await run([]);
    balancer.addUpstream({ id: "unix", origin: `unix:${path}`, maxConns: 1, owned: false });
    assert.equal(await (await fetch(url)).text(), "over a path");
  });

  it("answers 504 when an upstream that is not owned stays silent, and 502 when it talks nonsense", async () => {
    const silent = await rawUpstream(() => undefined);
    const first = await run([silent], true, hasty);
    assert.equal((await fetch(first.url, { method: "POST", body: "x" })).status, 504);
    const babbling = await rawUpstream((socket) => socket.once("data", () => socket.write("how do you do\r\n\r\n")));
    const second = await run([babbling], true);
    assert.equal((await fetch(second.url)).status, 502);
  });

  it("does not post twice to upstreams that are not owned, but gets again", async () => {
    const dying = await rawUpstream((socket) => socket.once("data", () => socket.destroy()));
    const alive = await echo();
    const { url } = await run([dying, alive], true);
    assert.equal((await fetch(url, { method: "POST", body: "x" })).status, 502);
    const again = await rawUpstream((socket) => socket.once("data", () => socket.destroy()));
    const other = await run([again, await echo()], true);
    assert.equal((await fetch(other.url)).status, 200);
    assert.equal(again.seen(), 1);
  });

  it("asks another worker when one answers 503, and relays the last one's", async () => {
    const { url } = await run([await busy(), await echo()]);
    for (let round = 0; round < 4; round += 1) {
      assert.equal((await fetch(url, { method: "POST", body: "x" })).status, 200);
    }
    const alone = await run([await busy()]);
    const response = await fetch(alone.url, { method: "POST", body: "x" });
    assert.deepEqual([response.status, await response.text()], [503, "draining"]);
  });

  it("relays a 503 of an upstream that is not owned, as nginx does by default", async () => {
    const { url } = await run([await busy(), await echo()], true);
    const responses = await Promise.all([1, 2].map(() => fetch(url)));
    assert.deepEqual(responses.map((response) => response.status).toSorted(), [200, 503]);
  });

  it("keeps no connection to a server of a command, which may serve one at a time", async () => {
    const waiting: Socket[] = [];
    const serve = (): void => {
      const [socket] = waiting;
      socket?.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).resume();
    };
    const upstream = await rawUpstream((socket) => {
      socket.pause();
      socket.on("close", () => {
        waiting.splice(waiting.indexOf(socket), 1);
        serve();
      });
      if (waiting.push(socket) === 1) serve();
    });
    const { url } = await run([upstream]);
    // Sooner than an idle connection would be closed.
    const signal = AbortSignal.timeout(30_000);
    const ask = async () => (await fetch(url, { method: "POST", body: "x", signal })).text();
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), ["ok", "ok", "ok"]);
  });

  it("tries a worker once more when the connection it kept open has gone", async () => {
    const upstream = await rawUpstream((socket) => {
      let requests = 0;
      socket.on("data", () => {
        requests += 1;
        // The second request on a connection finds it closed, as when the server's idle time ran out in that moment.
        if (requests === 2) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    const { url } = await run([upstream]);
    for (let round = 0; round < 4; round += 1) {
      const response = await fetch(url, { method: "POST", body: "x" });
      assert.equal(response.status, 200, `round ${round}`);
      assert.equal(await response.text(), "ok");
    }
    assert.equal(upstream.seen(), 4);
  });

  it("drops what an upstream sends beyond its length, and never uses that connection again", async () => {
    const upstream = await rawUpstream((socket) =>
      socket.on("data", () =>
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil"),
      ),
    );
    const { url } = await run([upstream]);
    assert.equal(await (await fetch(url)).text(), "ok");
    assert.equal(await (await fetch(url)).text(), "ok");
    assert.equal(upstream.seen(), 2);
  });

  it("cuts off a client that takes nothing of its response, and frees the place", async () => {
    const upstream = await httpUpstream((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    const { balancer, port } = await run([upstream], false, (settings) => ({
      ...settings,
      limits: { ...settings.limits, sendTimeout: 100 },
    }));
    const socket = connect(port, "127.0.0.1", () =>
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    );
    socket.pause();
    socket.on("error", () => undefined);
    const activeNow = () => balancer.status().upstreams[0]?.active;
    // Its slot is held by then, or has been.
    await eventually("the upstream is asked", () => upstream.seen() === 1);
    await eventually("the place is free", () => activeNow() === 0);
    socket.destroy();
  });

  it("joins a WebSocket's two sides, past an upstream that refuses, and holds its place until the end", async () => {
    const server = await httpUpstream(() => undefined);
    const echoing = http.createServer();
    echoing.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      socket.pipe(socket);
    });
    echoing.listen(0, "127.0.0.1");
    await once(echoing, "listening");
    closers.push(() => echoing.close());
    const { balancer, port } = await run([]);
    await server.close();
    const { port: echoPort } = echoing.address() as { port: number };
    balancer.addUpstream({
      id: "gone",
      origin: `http://127.0.0.1:${await deadPort()}`,
      maxConns: 4,
      owned: true,
      weight: 9,
    });
    balancer.addUpstream({ id: "here", origin: `http://127.0.0.1:${echoPort}`, maxConns: 4, owned: true });
    balancer.setReady("gone", true);
    balancer.setReady("here", true);
    const request = http.get({ port, headers: { connection: "Upgrade", upgrade: "websocket" } });
    const [response, socket] = (await once(request, "upgrade")) as [http.IncomingMessage, Socket];
    assert.equal(response.statusCode, 101);
    socket.write("ping");
    assert.equal(String((await once(socket, "data"))[0]), "ping");
    const activeOn = (id: string) => balancer.status().upstreams.find((upstream) => upstream.id === id)?.active;
    assert.equal(activeOn("here"), 1);
    socket.destroy();
    await eventually("the place is free", () => activeOn("here") === 0);
  });
});

function echo(): Promise<TestUpstream> {
  return httpUpstream((request, response) => request.pipe(response));
}

function busy(): Promise<TestUpstream> {
  return httpUpstream((_request, response) => response.writeHead(503).end("draining"));
}

function hasty(settings: Settings): Settings {
  return { ...settings, balancer: { ...settings.balancer, readTimeout: 80 } };
}
