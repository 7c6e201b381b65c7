// Memory per client with 10,000 idle clients and with 2,000 queued requests, and a new request's latency beside them.
// usage: node scripts/measure/balancer-crowd.mjs [--quick] [--rounds N]      (after pnpm build)
import { once } from "node:events";
import net from "node:net";
import { runRequests } from "@drover/bench";
import { pause, systemClock } from "@drover/foundation/clock";
import { quick, roundsOr } from "./lib/options.mjs";
import { rssBytes, startProxy, startUpstream } from "./lib/proxies.mjs";
import { spread } from "./lib/spread.mjs";

const idleClients = quick ? 1000 : 10_000;
const queued = quick ? 200 : 2000;
const upstream = await startUpstream();

async function latency(proxy, path) {
  const report = await runRequests({
    url: proxy.url,
    path,
    method: "GET",
    connections: 1,
    warmupMs: 300,
    durationMs: 2000,
    clock: systemClock,
  });
  return report.latency;
}

function connect(port) {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  return once(socket, "connect").then(() => socket);
}

async function open(port, count, text) {
  const sockets = [];
  while (sockets.length < count) {
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(500, count - sockets.length) }, () => connect(port)))),
    );
  }
  for (const socket of sockets) if (text !== undefined) socket.write(text);
  return sockets;
}

async function idle() {
  const proxy = await startProxy("drover", upstream.url);
  const alone = await latency(proxy, "/v1/models");
  const before = rssBytes(proxy.pid);
  const sockets = await open(Number(new URL(proxy.url).port), idleClients);
  const beside = await latency(proxy, "/v1/models");
  const kibibytes = (rssBytes(proxy.pid) - before) / idleClients / 1024;
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
  return { alone, beside, kibibytes };
}

/** What waits, once it is all or half a minute has gone. */
async function depthOf(proxy) {
  for (let left = 60; ; left--) {
    const metrics = await (await fetch(`${proxy.url}/metrics`)).text();
    const depth = Number(/^drover_queue_depth(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]);
    if (depth >= queued || left === 0) return depth;
    await pause(systemClock, 500);
  }
}

async function queue() {
  // One stream at a time, which never ends: all others wait.
  const proxy = await startProxy("drover", `${upstream.url} max_conns=1`);
  const port = Number(new URL(proxy.url).port);
  const body = '{"messages":[]}';
  const text = `POST /v1/chat/completions?events=1000000&every=1000 HTTP/1.1\r\nHost: d\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const before = rssBytes(proxy.pid);
  const sockets = await open(port, queued + 1, text);
  const depth = await depthOf(proxy);
  const beside = await latency(proxy, "/health");
  const kibibytes = (rssBytes(proxy.pid) - before) / queued / 1024;
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
  return { depth, beside, kibibytes };
}

const rounds = [];
for (const count = roundsOr(3); rounds.length < count; ) rounds.push({ idle: await idle(), queue: await queue() });
await upstream.stop();

const of = (read, digits) => spread(rounds.map(read), digits);
const times = (read) => `p50 ${of((round) => read(round).p50Ms, 2)} ms, p99 ${of((round) => read(round).p99Ms, 2)} ms`;
console.log(`no other client: ${times(({ idle: one }) => one.alone)}`);
console.log(`beside ${idleClients} idle clients: ${times(({ idle: one }) => one.beside)}`);
console.log(`${of(({ idle: one }) => one.kibibytes, 1)} KiB an idle client`);
console.log(
  `queued: ${of(({ queue: one }) => one.depth)}; /health beside them: ${times(({ queue: one }) => one.beside)}`,
);
console.log(`${of(({ queue: one }) => one.kibibytes, 1)} KiB a queued request`);
