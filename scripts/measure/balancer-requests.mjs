// Requests/s, latency and CPU time per request through the balancer (least_conn, queue, metrics and access log on),
// a bare http-proxy, nginx and HAProxy, in interleaved rounds on the same upstream.
// usage: node scripts/measure/balancer-requests.mjs [--quick] [--rounds N]      (after pnpm build; needs nginx and haproxy)
import { runRequests } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { quick, roundsOr } from "./lib/options.mjs";
import { cpuMs, proxyNames, startProxy, startUpstream } from "./lib/proxies.mjs";
import { median, spread } from "./lib/spread.mjs";

const rounds = roundsOr(5);
const durationMs = quick ? 2000 : 5000;
const body = JSON.stringify({ messages: [{ role: "user", content: "x".repeat(500) }] });
const upstream = await startUpstream();
const seen = Object.fromEntries(proxyNames.map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (let turn = 0; turn < proxyNames.length; turn += 1) {
    const name = proxyNames[(round + turn) % proxyNames.length];
    const proxy = await startProxy(name, upstream.url);
    const load = {
      url: proxy.url,
      path: "/v1/chat/completions",
      method: "POST",
      body,
      connections: 32,
      clock: systemClock,
    };
    await runRequests({ ...load, warmupMs: 0, durationMs: 1500 });
    const before = cpuMs(proxy.pid);
    const report = await runRequests({ ...load, warmupMs: 0, durationMs });
    const cpuMicros = ((cpuMs(proxy.pid) - before) * 1000) / Math.max(1, report.count);
    seen[name].push({ ...report, cpuMicros });
    await proxy.stop();
  }
}
await upstream.stop();
const figure = (name, read) => seen[name].map(read);
for (const name of proxyNames) {
  console.log(
    `${name.padEnd(10)} ${spread(figure(name, (run) => run.requestsPerSecond))} requests/s, ` +
      `p50 ${median(figure(name, (run) => run.latency.p50Ms)).toFixed(2)} ms, p99 ${median(figure(name, (run) => run.latency.p99Ms)).toFixed(2)} ms, ` +
      `${spread(figure(name, (run) => run.cpuMicros))} us of CPU a request, ${figure(name, (run) => run.failed).reduce((a, b) => a + b, 0)} failed`,
  );
}
for (const other of proxyNames.slice(1)) {
  const ratios = seen.drover.map((run, round) => run.requestsPerSecond / seen[other][round].requestsPerSecond);
  const cpu = seen.drover.map((run, round) => run.cpuMicros / seen[other][round].cpuMicros);
  console.log(
    `drover / ${other}: ${spread(ratios, 2)} in requests/s, ${spread(cpu, 2)} in CPU a request (within a round)`,
  );
}
