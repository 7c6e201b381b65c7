import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { eventually } from "../test-support/eventually.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { rawUpstream } from "../test-support/upstream-server.ts";
import { ConnectionPool } from "./connection-pool.ts";

const respond = (socket: Socket, fields = "") =>
  socket.write(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`);

describe("a kept connection", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function upstreamWith(onConnection: (socket: Socket) => void) {
    const upstream = await rawUpstream(onConnection);
    closers.push(() => upstream.close());
    return upstream;
  }

  async function before(origin: string) {
    const { balancer, url } = await runBalancer({
      settings: (settings) => ({ ...settings, balancer: { ...settings.balancer, upstreams: [origin] } }),
    });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }));
    return { balancer, url };
  }

  it("is closed before the time is over that the upstream keeps it", async () => {
    let ended = 0;
    const upstream = await upstreamWith((socket) => {
      socket.on("data", () => respond(socket, "Keep-Alive: timeout=1, max=100\r\n"));
      socket.on("end", () => (ended += 1));
    });
    const { url } = await before(upstream.origin);
    await (await fetch(url)).text();
    await eventually("the balancer closes it, which it would not do by itself for a minute", () => ended === 1, 30_000);
  });

  it("that ends at the next request is no failure of the upstream, and the request is sent again", async () => {
    let requests = 0;
    const upstream = await upstreamWith((socket) => {
      socket.on("data", () => {
        requests += 1;
        if (requests % 2 === 0) socket.destroy();
        else respond(socket);
      });
    });
    const { balancer, url } = await before(`${upstream.origin} max_fails=1`);
    for (let times = 0; times < 3; times += 1) assert.equal(await (await fetch(url)).text(), "ok");
    assert.equal(requests, 5);
    assert.equal(balancer.status().upstreams[0]?.failures, 0);
  });

  it("that the upstream has closed is not used, even where this process has not read its end yet", async () => {
    const sockets: Socket[] = [];
    const upstream = await upstreamWith((socket) => sockets.push(socket));
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const connections = new ConnectionPool({ clock });
    closers.push(() => connections.destroy());
    const target = {
      address: { kind: "tcp", host: "127.0.0.1", port: upstream.port, tls: false } as const,
      owned: false,
      secret: undefined,
      down: false,
      bytesReceived: 0,
    };
    const kept = await connections.take(target);
    await once(kept.socket, "connect");
    await eventually("it is accepted", () => sockets.length === 1);
    connections.give(kept);
    nowMs += 5000;
    await new Promise<void>((resolve) => sockets[0]?.end(resolve));
    const next = await connections.take(target);
    assert.notEqual(next, kept);
  });
});
