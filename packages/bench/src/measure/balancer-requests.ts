// Requests/s, latency and CPU time per request through the balancer (least_conn, queue, metrics and access log on),
// a bare http-proxy, nginx and HAProxy, in interleaved rounds on the same upstream. Needs nginx and haproxy.
// usage: node packages/bench/dist/measure/balancer-requests.js [--quick] [--rounds N]
import { median } from "../statistics/median.ts";
import { quick, roundsOr } from "./support/options.ts";
import { cpuMs, measureProxies, proxyNames, ratiosWithin, startUpstream } from "./support/proxies.ts";
import { type RequestsReport, runRequests } from "./support/run-requests.ts";
import type { MeasuredServer } from "./support/session.ts";
import { spread } from "./support/spread.ts";

interface Seen extends RequestsReport {
  readonly cpuMicros: number;
}

const durationMs = quick ? 2000 : 5000;
const body = JSON.stringify({ messages: [{ role: "user", content: "x".repeat(500) }] });

async function measure(proxy: MeasuredServer): Promise<Seen> {
  const load = {
    url: proxy.url,
    path: "/v1/chat/completions",
    method: "POST" as const,
    body,
    connections: 32,
    warmupMs: 0,
  };
  await runRequests({ ...load, durationMs: 1500 });
  const beforeMs = cpuMs(proxy.pid);
  const report = await runRequests({ ...load, durationMs });
  return { ...report, cpuMicros: ((cpuMs(proxy.pid) - beforeMs) * 1000) / Math.max(1, report.count) };
}

const upstream = await startUpstream();
const seen = await measureProxies(roundsOr(5), upstream.url, measure);
await upstream.stop();
for (const name of proxyNames) {
  const all = (read: (run: Seen) => number) => seen[name].map(read);
  const p50Ms = median(all(({ latency }) => latency.p50Ms ?? 0)).toFixed(2);
  const p99Ms = median(all(({ latency }) => latency.p99Ms ?? 0)).toFixed(2);
  const failed = all((run) => run.failed).reduce((sum, one) => sum + one, 0);
  console.log(
    `${name.padEnd(10)} ${spread(all((run) => run.requestsPerSecond))} requests/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms, ` +
      `${spread(all((run) => run.cpuMicros))} us of CPU a request, ${failed} failed`,
  );
}
for (const other of proxyNames.slice(1)) {
  const rate = ratiosWithin(seen.drover, seen[other], (run) => run.requestsPerSecond);
  const cpu = ratiosWithin(seen.drover, seen[other], (run) => run.cpuMicros);
  console.log(
    `drover / ${other}: ${spread(rate, 2)} in requests/s, ${spread(cpu, 2)} in CPU a request (within a round)`,
  );
}
