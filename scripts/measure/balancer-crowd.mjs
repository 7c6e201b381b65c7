// Memory per client with 10,000 idle clients and with 2,000 queued requests, and a new request's latency beside them.
// usage: node scripts/measure/balancer-crowd.mjs [--quick]      (after pnpm build)
import { once } from "node:events";
import net from "node:net";
import { runRequests, systemClock } from "@drover/bench";
import { quick } from "./lib/drover.mjs";
import { rssBytes, startProxy, startUpstream } from "./lib/proxies.mjs";

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
  return `p50 ${report.latency.p50Ms?.toFixed(2)} ms, p99 ${report.latency.p99Ms?.toFixed(2)} ms`;
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
  console.log(`no other client: ${await latency(proxy, "/v1/models")}`);
  const before = rssBytes(proxy.pid);
  const sockets = await open(Number(new URL(proxy.url).port), idleClients);
  console.log(`beside ${idleClients} idle clients: ${await latency(proxy, "/v1/models")}`);
  console.log(`${((rssBytes(proxy.pid) - before) / idleClients / 1024).toFixed(1)} KiB an idle client`);
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
}

async function queue() {
  // One stream at a time, which never ends: all others wait.
  const proxy = await startProxy("drover", `${upstream.url} max_conns=1`);
  const port = Number(new URL(proxy.url).port);
  const body = '{"messages":[]}';
  const text = `POST /v1/chat/completions?events=1000000&every=1000 HTTP/1.1\r\nHost: d\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const before = rssBytes(proxy.pid);
  const sockets = await open(port, queued + 1, text);
  await systemClock.wait(1000);
  const metrics = await (await fetch(`${proxy.url}/metrics`)).text();
  const depth = /^drover_queue_depth(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1];
  console.log(`queued: ${depth}; /health beside them: ${await latency(proxy, "/health")}`);
  console.log(`${((rssBytes(proxy.pid) - before) / queued / 1024).toFixed(1)} KiB a queued request`);
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
}

await idle();
await queue();
await upstream.stop();
