// Memory per client with 10,000 idle clients and with 2,000 queued requests, and a new request's latency beside them.
// usage: node packages/bench/dist/measure/balancer-crowd.js [--quick] [--rounds N]
import { once } from "node:events";
import net from "node:net";
import { pause, systemClock } from "@drover/foundation/clock";
import type { Summary } from "../statistics/histogram.ts";
import { metricOf } from "./support/metric.ts";
import { quick, repeat, roundsOr } from "./support/options.ts";
import { rssBytes, startProxy, startUpstream } from "./support/proxies.ts";
import { runRequests } from "./support/run-requests.ts";
import type { MeasuredServer } from "./support/session.ts";
import { spread } from "./support/spread.ts";

const idleClients = quick ? 1000 : 10_000;
const queued = quick ? 200 : 2000;
const upstream = await startUpstream();

async function latency(proxy: MeasuredServer, path: string): Promise<Summary> {
  const load = { url: proxy.url, path, method: "GET" as const, connections: 1, warmupMs: 300, durationMs: 2000 };
  return (await runRequests(load)).latency;
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** So many connections, each of which sends the text. */
async function open(proxy: MeasuredServer, count: number, text = ""): Promise<readonly net.Socket[]> {
  const port = Number(new URL(proxy.url).port);
  const sockets: net.Socket[] = [];
  while (sockets.length < count) {
    const next = Math.min(500, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => connect(port)))));
  }
  for (const socket of sockets) if (text !== "") socket.write(text);
  return sockets;
}

async function idle() {
  const proxy = await startProxy("drover", upstream.url);
  const alone = await latency(proxy, "/v1/models");
  const before = rssBytes(proxy.pid);
  const sockets = await open(proxy, idleClients);
  const beside = await latency(proxy, "/v1/models");
  const kibibytes = (rssBytes(proxy.pid) - before) / idleClients / 1024;
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
  return { alone, beside, kibibytes };
}

/** How many wait, once it is all of them or half a minute has gone. */
async function depthOf(proxy: MeasuredServer): Promise<number> {
  for (let left = 60; ; left--) {
    const depth = await metricOf(proxy.url, "drover_queue_depth");
    if (depth >= queued || left === 0) return depth;
    await pause(systemClock, 500);
  }
}

async function queue() {
  // One stream at a time, which never ends: all others wait.
  const proxy = await startProxy("drover", `${upstream.url} max_conns=1`);
  const body = '{"messages":[]}';
  const text = `POST /v1/chat/completions?events=1000000&every=1000 HTTP/1.1\r\nHost: d\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const before = rssBytes(proxy.pid);
  const sockets = await open(proxy, queued + 1, text);
  const depth = await depthOf(proxy);
  const beside = await latency(proxy, "/health");
  const kibibytes = (rssBytes(proxy.pid) - before) / queued / 1024;
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
  return { depth, beside, kibibytes };
}

const rounds = await repeat(roundsOr(3), async () => ({ idle: await idle(), queue: await queue() }));
await upstream.stop();

type Round = (typeof rounds)[number];
const of = (read: (round: Round) => number | null, digits = 0) => spread(rounds.map(read), digits);
const times = (read: (round: Round) => Summary) =>
  `p50 ${of((round) => read(round).p50Ms, 2)} ms, p99 ${of((round) => read(round).p99Ms, 2)} ms`;
console.log(`no other client: ${times((round) => round.idle.alone)}`);
console.log(`beside ${idleClients} idle clients: ${times((round) => round.idle.beside)}`);
console.log(`${of((round) => round.idle.kibibytes, 1)} KiB an idle client`);
console.log(
  `queued: ${of((round) => round.queue.depth)}; /health beside them: ${times((round) => round.queue.beside)}`,
);
console.log(`${of((round) => round.queue.kibibytes, 1)} KiB a queued request`);
