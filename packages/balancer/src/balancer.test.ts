import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { defaultSettings, type Settings } from "@drover/config";
import { eventually } from "./test-support/eventually.ts";
import { timelessClock } from "./test-support/timeless-clock.ts";
import { runBalancer, type RunningTestBalancer } from "./test-support/run-balancer.ts";
import { deadPort, httpUpstream, rawUpstream, type TestUpstream } from "./test-support/upstream-server.ts";

describe("a balancer", () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function run(upstreams: readonly TestUpstream[], slots = 4, overrides: Parameters<typeof runBalancer>[0] = {}) {
    const running = await runBalancer(overrides);
    closers.push(
      () => running.balancer.close({ drainTimeoutMs: 0 }),
      ...upstreams.map((upstream) => () => upstream.close()),
    );
    upstreams.forEach((upstream, index) => {
      running.balancer.addUpstream({ id: `w${index + 1}`, origin: upstream.origin, maxConns: slots, owned: true });
      running.balancer.setReady(`w${index + 1}`, true);
    });
    return running;
  }

  it("relays a posted body and the response with its headers, and keeps the upstream's connection for the next", async () => {
    const upstream = await httpUpstream((request, response) => {
      request.pipe(response.setHeader("x-path", request.url ?? "").setHeader("set-cookie", ["a=1", "b=2"]));
    });
    const running = await run([upstream]);
    running.balancer.removeUpstream("w1");
    running.balancer.addUpstream({ id: "w1", origin: upstream.origin, maxConns: 4, owned: true, reports: true });
    running.balancer.setReady("w1", true);
    for (let round = 0; round < 3; round += 1) {
      const received = await fetch(`${running.url}/v1/echo?q=1`, { method: "POST", body: `hello ${round}` });
      assert.equal(received.status, 200);
      assert.equal(received.headers.get("x-path"), "/v1/echo?q=1");
      assert.deepEqual(received.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.match(received.headers.get("x-request-id") ?? "", /^req_/);
      assert.equal(await received.text(), `hello ${round}`);
    }
    assert.equal(upstream.open(), 1);
    assert.equal(active(running), 0);
  });

  it("passes each event of a stream on as it comes", async () => {
    let finish: (() => void) | undefined;
    const upstream = await httpUpstream((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      finish = () => response.end("data: [DONE]\n\n");
    });
    const running = await run([upstream]);
    const received = await fetch(running.url);
    assert.equal(received.headers.get("x-accel-buffering"), "no");
    const reader = received.body?.getReader();
    const first = await reader?.read();
    assert.equal(Buffer.from(first?.value ?? []).toString(), "data: one\n\n");
    finish?.();
    const second = await reader?.read();
    assert.equal(Buffer.from(second?.value ?? []).toString(), "data: [DONE]\n\n");
    assert.equal((await reader?.read())?.done, true);
  });

  it("sends a request to another upstream when one refuses the connection", async () => {
    const upstream = await httpUpstream((_request, response) => response.end("alive"));
    const running = await run([upstream]);
    running.balancer.addUpstream({
      id: "w0",
      origin: `http://127.0.0.1:${await deadPort()}`,
      maxConns: 9,
      owned: true,
    });
    running.balancer.setReady("w0", true);
    const responses = await Promise.all(
      [1, 2, 3, 4].map(async () => (await fetch(running.url, { method: "POST", body: "x" })).text()),
    );
    assert.deepEqual(responses, ["alive", "alive", "alive", "alive"]);
  });

  it("posts again elsewhere when an owned worker dies before its response", async () => {
    const dying = await rawUpstream((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const upstream = await httpUpstream((request, response) => request.pipe(response));
    const running = await run([dying, upstream]);
    for (let round = 0; round < 4; round += 1) {
      const received = await fetch(running.url, { method: "POST", body: "again" });
      assert.equal(received.status, 200);
      assert.equal(await received.text(), "again");
    }
    assert.ok(dying.seen() > 0, "the dying worker was tried");
    assert.equal(active(running), 0);
  });

  it("lets a request wait for a worker that just died, and posts it again once that is back", async () => {
    const dying = await rawUpstream((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const running = await run([dying]);
    const { balancer } = running;
    const received = fetch(running.url, { method: "POST", body: "again" });
    await eventually("it waits", () => balancer.status().queue.depth === 1);
    const id = balancer.status().upstreams[0]?.id ?? "";
    balancer.setReady(id, false);
    balancer.removeUpstream(id);
    const back = await httpUpstream((request, response) => request.pipe(response));
    closers.push(() => back.close());
    balancer.addUpstream({ id, origin: back.origin, maxConns: 1, owned: true });
    assert.equal(balancer.status().queue.depth, 1);
    balancer.setReady(id, true);
    assert.equal(await (await received).text(), "again");
    assert.equal(active(running), 0);
  });

  it("lets nobody wait for a worker that is not expected back", async () => {
    const upstream = await httpUpstream((_request, response) => response.end("back"));
    const { balancer, url } = await run([upstream]);
    balancer.setReady("w1", false);
    const ask = async (): Promise<number> => (await fetch(url, { method: "POST", body: "x" })).status;
    const waiting = ask();
    await eventually("it waits", () => balancer.status().queue.depth === 1);
    balancer.setExpected("w1", false);
    assert.equal(await waiting, 502);
    assert.equal(await ask(), 502);
    balancer.setExpected("w1", true);
    const later = ask();
    await eventually("it waits", () => balancer.status().queue.depth === 1);
    balancer.setReady("w1", true);
    assert.equal(await later, 200);
  });

  it("tries a worker again that lost a connection but lives", async () => {
    let served = 0;
    const shaky = await httpUpstream((request, response) => {
      served += 1;
      if (served === 1) request.socket.resetAndDestroy();
      else request.pipe(response);
    });
    const running = await run([shaky]);
    const received = await fetch(running.url, { method: "POST", body: "again" });
    assert.equal(await received.text(), "again");
    assert.equal(served, 2);
  });

  it("answers 502 in the error envelope when no upstream is left", async () => {
    const running = await run([]);
    running.balancer.addUpstream({ id: "w1", origin: `http://127.0.0.1:${await deadPort()}` });
    const response = await fetch(running.url, { method: "POST", body: "x" });
    assert.equal(response.status, 502);
    const body = (await response.json()) as { error: { type: string; code: string } };
    assert.equal(body.error.type, "proxy_error");
    assert.equal(body.error.code, "upstream_failed");
  });

  it("lets requests wait while every slot is busy, and gives each the first place that comes free", async () => {
    const waiting: http.ServerResponse[] = [];
    const upstream = await httpUpstream((_request, response) => waiting.push(response));
    const running = await run([upstream], 1);
    const responses = [1, 2, 3].map((n) => fetch(`${running.url}/${n}`, { method: "POST", body: "x" }));
    await eventually("two wait", () => running.balancer.status().queue.depth === 2);
    for (let served = 0; served < 3; served += 1) {
      await eventually("one is served", () => waiting.length === 1);
      waiting.pop()?.end("done");
    }
    assert.deepEqual(
      (await Promise.all(responses)).map((received) => received.status),
      [200, 200, 200],
    );
    assert.equal(active(running), 0);
  });

  for (const [status, why, timeout] of [
    [429, "the queue is full", 600_000],
    [503, "the wait is too long", 100],
  ] as const) {
    it(`answers ${status} with Retry-After when ${why}`, async () => {
      const upstream = await httpUpstream(() => undefined);
      const running = await run([upstream], 1, {
        settings: (settings) => ({ ...settings, queue: { ...settings.queue, limit: 1, timeout } }),
      });
      const stop = new AbortController();
      const ask = () => fetch(running.url, { method: "POST", body: "x", signal: stop.signal });
      const stuck = ask().catch(() => undefined);
      await eventually("the slot is busy", () => active(running) === 1);
      const queued = ask();
      if (status === 429) await eventually("one waits", () => running.balancer.status().queue.depth === 1);
      const response = await (status === 429 ? ask() : queued);
      assert.equal(response.status, status);
      assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      stop.abort();
      await Promise.all([stuck, queued.catch(() => undefined)]);
    });
  }

  it("leaves the queue, and closes the upstream, at once when the client goes", async () => {
    let gone = 0;
    const upstream = await httpUpstream((request, response) => {
      response.once("close", () => {
        gone += 1;
      });
      if (request.url === "/stream") response.writeHead(200).write("first");
    });
    const running = await run([upstream], 1);
    const stop = new AbortController();
    const request = (path: string) => fetch(running.url + path, { method: "POST", body: "x", signal: stop.signal });
    const streaming = await request("/stream");
    const queued = request("/queued").catch(() => "aborted");
    await eventually("one waits", () => running.balancer.status().queue.depth === 1);
    stop.abort();
    assert.equal(await queued, "aborted");
    await assert.rejects(streaming.text());
    await eventually("the upstream was closed", () => gone === 1);
    await eventually("nothing is held", () => active(running) === 0 && running.balancer.status().queue.depth === 0);
  });

  it("ends an event stream whose worker dies with an error event, and cuts any other response", async () => {
    const upstream = await rawUpstream((socket) =>
      socket.once("data", (head: Buffer) => {
        const type = head.toString().includes("/sse") ? "text/event-stream" : "text/plain";
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n5\r\nda`,
        );
        setTimeout(() => socket.destroy(), 20);
      }),
    );
    const running = await run([upstream]);
    const stream = await (await fetch(`${running.url}/sse`)).text();
    assert.match(stream, /^data: one\n\nevent: error\ndata: \{"error":.*"upstream_died".*\}\n\n$/);
    await assert.rejects((await fetch(`${running.url}/plain`)).text());
  });

  it("answers 413 to a body over the limit, announced or not, and closes", async () => {
    const upstream = await httpUpstream((request, response) => request.pipe(response));
    const running = await run([upstream], 4, { settings: (settings) => ({ ...settings, maxBody: 1000 }) });
    for (const headers of [{ "content-length": "2000" }, { "transfer-encoding": "chunked" }]) {
      const request = http.request({ port: running.port, method: "POST", headers });
      request.on("error", () => undefined);
      request.end(Buffer.alloc(2000));
      const [received] = (await once(request, "response")) as [http.IncomingMessage];
      assert.equal(received.statusCode, 413);
      assert.equal(received.headers.connection, "close");
      received.resume();
    }
    assert.equal(upstream.seen(), 0);
  });

  it("holds no more bytes of one client's bodies than it may, and takes the next one when there is room again", async () => {
    const held: http.ServerResponse[] = [];
    const upstream = await httpUpstream((request, response) => {
      request.resume().once("end", () => held.push(response));
    });
    const { url } = await run([upstream], 4, {
      settings: (settings) => ({ ...settings, queue: { ...settings.queue, bodies: 131_072 } }),
    });
    const send = () => fetch(url, { method: "POST", body: Buffer.alloc(40_000) });
    const first = send();
    await eventually("the first is held", () => held.length === 1);
    const refused = await send();
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /bodies_full/);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    held.shift()?.end("served");
    assert.equal(await (await first).text(), "served");
    const next = send();
    await eventually("the next one is let in", () => held.length === 1);
    held.shift()?.end("served");
    assert.equal((await next).status, 200);
  });

  it("brings a server back that its checks took out before a reload, and heeds `down` at a reload", async () => {
    let status = 500;
    const upstream = await httpUpstream((_request, response) => response.writeHead(status).end());
    const settings = (down = "", check = true): Settings => {
      const base = defaultSettings();
      const checks = { ...base.checks, interval: 5, fall: 1, rise: 1 };
      const upstreams = [`${upstream.origin}${down}`];
      return { ...base, listen: "127.0.0.1:0", checks, balancer: { ...base.balancer, check, upstreams } };
    };
    const { balancer } = await runBalancer({ settings: () => settings() });
    closers.push(
      () => balancer.close({ drainTimeoutMs: 0 }),
      () => upstream.close(),
    );
    const isDown = () => balancer.status().upstreams[0]?.state === "down";
    await eventually("the checks take it out", isDown);
    balancer.applySettings(settings());
    status = 200;
    await eventually("the checks bring it back", () => !isDown());
    balancer.applySettings(settings(" down"));
    assert.equal(isDown(), true);
    balancer.applySettings(settings());
    assert.equal(isDown(), false);
    status = 500;
    await eventually("the checks take it out again", isDown);
    balancer.applySettings(settings("", false));
    assert.equal(isDown(), false);
  });

  it("counts a server that is listed twice as two", async () => {
    const upstream = await httpUpstream((_request, response) => response.end());
    const upstreams = [`${upstream.origin} max_conns=1`, `${upstream.origin} max_conns=1`];
    const { balancer } = await runBalancer({
      settings: (settings) => ({ ...settings, balancer: { ...settings.balancer, upstreams } }),
    });
    closers.push(
      () => balancer.close({ drainTimeoutMs: 0 }),
      () => upstream.close(),
    );
    assert.equal(balancer.status().upstreams.length, 2);
  });

  it("promises with Retry-After no slot of a worker that drains", async () => {
    const held: http.ServerResponse[] = [];
    const upstreams = [1, 2].map(() => httpUpstream((_request, response) => held.push(response)));
    const clock = { ...timelessClock, monotonicMs: () => nowMs };
    let nowMs = 0;
    const running = await run(await Promise.all(upstreams), 1, {
      options: { clock },
      settings: (settings) => ({ ...settings, queue: { ...settings.queue, limit: 0 } }),
    });
    const post = () => fetch(running.url, { method: "POST", body: "x" });
    const first = post();
    await eventually("it is served", () => held.length === 1);
    nowMs = 10_000;
    held.shift()?.end();
    await (await first).text();
    const both = [post(), post()];
    await eventually("both slots are busy", () => held.length === 2);
    assert.equal((await post()).headers.get("retry-after"), "5");
    void running.balancer.drainUpstream("w1");
    assert.equal((await post()).headers.get("retry-after"), "10");
    for (const response of held) response.end();
    await Promise.all(both);
  });

  it("answers health by what is ready, and its metrics", async () => {
    const upstream = await httpUpstream((_request, response) => response.end());
    const running = await run([upstream]);
    const healthy = await fetch(`${running.url}/health`);
    assert.deepEqual(
      [healthy.status, await healthy.json()],
      [200, { status: "ok", slots_idle: 4, slots_processing: 0 }],
    );
    running.balancer.setReady("w1", false);
    assert.equal((await fetch(`${running.url}/health`)).status, 503);
    assert.equal((await fetch(`${running.url}/live`)).status, 200);
    const metrics = await (await fetch(`${running.url}/metrics`)).text();
    assert.match(metrics, /drover_upstream_ready\{upstream="w1"\} 0/);
    assert.match(metrics, /drover_queue_depth 0/);
  });

  it("wakes nobody, and is not used, by who looks, has no key or asks for what no worker has", async () => {
    let wakes = 0;
    const { balancer, url } = await runBalancer({
      settings: (settings) => ({ ...settings, apiKeys: ["s3cret"] }),
      options: {
        ownsApi: () => true,
        readiness: () => ({ kind: "asleep", responses: new Map([["/api/tags", "{}"]]) }),
        events: { onWakeNeeded: () => void (wakes += 1) },
      },
    });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }));
    balancer.addUpstream({ id: "w1", origin: "http://127.0.0.1:1", owned: true, maxConns: 1 });
    const ask = async (method: string, path: string, key = "s3cret") =>
      (await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${key}` } })).status;
    const { idleSinceMs } = balancer.status();
    assert.deepEqual(
      [
        await ask("GET", "/api/tags"),
        await ask("HEAD", "/api/tags"),
        await ask("POST", "/v1/chat/completions", "wrong"),
        await ask("GET", "/favicon.ico"),
        await ask("POST", "/wp-login.php"),
      ],
      [200, 200, 401, 404, 404],
    );
    assert.deepEqual([balancer.status().idleSinceMs, wakes], [idleSinceMs, 0]);
    const waiting = fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer s3cret" },
      body: "{}",
    });
    await eventually("it wakes", () => wakes === 1);
    assert.equal(balancer.status().idleSinceMs, undefined);
    balancer.setExpected("w1", false);
    assert.equal((await waiting).status, 502);
  });

  it("shows every slot on /upstreams by worker, whichever came first, with what each says itself", async () => {
    const upstream = await httpUpstream((request, response) =>
      response.end(request.url === "/slots" ? '[{"id":0}]' : request.url === "/steps" ? '{"queued":0}' : "other"),
    );
    const running = await run([upstream], 2, { options: { clock: timelessClock } });
    const deaf = await rawUpstream((socket) => socket.destroy());
    for (const id of ["w10", "w2"]) running.balancer.addUpstream({ id, origin: deaf.origin, maxConns: 1, owned: true });
    running.balancer.setReady("w2", true);
    const shown = (await (await fetch(`${running.url}/upstreams`)).json()) as { upstreams: readonly unknown[] };
    const list = await (await fetch(`${running.url}/slots`)).json();
    assert.deepEqual(list, [
      { id: 0, upstream: "w1" },
      { id: 1, is_processing: false, upstream: "w2" },
      { id: 2, is_processing: false, upstream: "w10" },
    ]);
    assert.equal((await fetch(`${running.url}/slots?fail_on_no_slot=1`)).status, 200);
    await deaf.close();
    assert.deepEqual(shown.upstreams, [
      {
        id: "w1",
        ready: true,
        slots: [
          { id: 0, is_processing: false },
          { id: 1, is_processing: false },
        ],
        active: 0,
        worker: [{ id: 0 }],
        steps: { queued: 0 },
      },
      { id: "w2", ready: true, slots: [{ id: 0, is_processing: false }], active: 0 },
      { id: "w10", ready: false, slots: [{ id: 0, is_processing: false }], active: 0 },
    ]);
  });

  it("drains: no new lease, and done when the last is released", async () => {
    const responses: http.ServerResponse[] = [];
    const upstream = await httpUpstream((_request, response) => {
      responses.push(response);
    });
    const running = await run([upstream]);
    const inFlight = fetch(running.url, { method: "POST", body: "x" });
    await eventually("it arrived", () => responses.length === 1);
    const order: string[] = [];
    const draining = running.balancer.drainUpstream("w1").finally(() => order.push("drained"));
    const next = fetch(running.url, { method: "POST", body: "x" });
    await eventually("the next one waits", () => running.balancer.status().queue.depth === 1);
    order.push("released");
    responses[0]?.end("last");
    await draining;
    assert.deepEqual(order, ["released", "drained"]);
    assert.equal(await (await inFlight).text(), "last");
    running.balancer.undrainUpstream("w1");
    await eventually("it arrived", () => responses.length === 2);
    responses[1]?.end("first");
    assert.equal(await (await next).text(), "first");
  });

  it("closes by letting streams finish and sending the queued away with 503", async () => {
    let held: http.ServerResponse | undefined;
    const upstream = await httpUpstream((_request, response) => {
      held = response;
      response.write("begin ");
    });
    const running = await run([upstream], 1);
    const streaming = await fetch(running.url, { method: "POST", body: "x" });
    const queued = fetch(running.url, { method: "POST", body: "x" });
    await eventually("one waits", () => running.balancer.status().queue.depth === 1);
    const closed = running.balancer.close({ drainTimeoutMs: 60_000 });
    assert.equal((await queued).status, 503);
    held?.end("end");
    assert.equal(await streaming.text(), "begin end");
    await closed;
  });

  it("hears a client that had just connected when the end came, and tells it when to come back", async () => {
    const upstream = await httpUpstream((_request, response) => response.end("ok"));
    const running = await run([upstream], 4, { options: { clock: timelessClock } });
    const newcomer = net.connect(Number(new URL(running.url).port), "127.0.0.1");
    await once(newcomer, "connect");
    // Connections are accepted in order, so once this one has its response the newcomer's is accepted too.
    assert.equal(await (await fetch(running.url)).text(), "ok");
    const closed = running.balancer.close({ drainTimeoutMs: 60_000 });
    newcomer.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    const text = (await newcomer.setEncoding("utf8").toArray()).join("");
    assert.match(text, /^HTTP\/1\.1 503 .*\r\nretry-after: \d+/is);
    assert.match(text, /\r\nconnection: close\r\n/i);
    await closed;
  });

  it("does not wait long for a client that connects and never asks", async () => {
    const running = await run([]);
    const silent = net.connect(Number(new URL(running.url).port), "127.0.0.1");
    await once(silent, "connect");
    assert.equal((await fetch(`${running.url}/live`)).status, 200);
    silent.resume();
    await Promise.all([running.balancer.close({ drainTimeoutMs: 60_000 }), once(silent, "close")]);
  });
});

function active({ balancer }: RunningTestBalancer): number {
  return balancer.status().upstreams.reduce((sum, upstream) => sum + upstream.active, 0);
}
