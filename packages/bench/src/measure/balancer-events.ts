// CPU time per relayed server-sent event at 50 streams of 100 events/s: the balancer with everything on, a bare
// http-proxy, nginx and HAProxy, in interleaved rounds on the same upstream. Needs nginx and haproxy.
// usage: node packages/bench/dist/measure/balancer-events.js [--quick] [--rounds N]
import { setMaxListeners } from "node:events";
import { pause, systemClock } from "@drover/foundation/clock";
import { createChatClient } from "../client/chat-client.ts";
import { median } from "../statistics/median.ts";
import { quick, roundsOr } from "./support/options.ts";
import { cpuMs, measureProxies, proxyNames, ratiosWithin, startUpstream } from "./support/proxies.ts";
import type { MeasuredServer } from "./support/session.ts";
import { spread } from "./support/spread.ts";

const seconds = quick ? 3 : 6;
const streams = 50;
const everyMs = 10;

/** CPU microseconds an event, and events a second. */
async function relay(proxy: MeasuredServer): Promise<{ readonly cpuMicros: number; readonly rate: number }> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  let events = 0;
  const query = `?events=1000000&every=${everyMs}`;
  const client = createChatClient({ url: proxy.url, query, model: "m", timeoutMs: 10_000, clock: systemClock });
  const question = { messages: [{ role: "user" as const, content: "x" }], maxTokens: 1 };
  const asked = Array.from({ length: streams }, () => client.ask(question, stop.signal, () => (events += 1)));
  await pause(systemClock, 1500);
  const [cpuBeforeMs, before, startMs] = [cpuMs(proxy.pid), events, systemClock.monotonicMs()];
  await pause(systemClock, seconds * 1000);
  const tookMs = systemClock.monotonicMs() - startMs;
  const [usedMs, relayed] = [cpuMs(proxy.pid) - cpuBeforeMs, events - before];
  stop.abort();
  await Promise.all(asked);
  await client.close();
  return { cpuMicros: (usedMs * 1000) / relayed, rate: (relayed * 1000) / tookMs };
}

const upstream = await startUpstream();
const seen = await measureProxies(roundsOr(5), upstream.url, relay);
await upstream.stop();
for (const name of proxyNames) {
  const rate = median(seen[name].map((run) => run.rate)).toFixed(0);
  const cpu = seen[name].map((run) => run.cpuMicros);
  console.log(`${name.padEnd(10)} ${spread(cpu, 1)} us of CPU an event, at ${rate} events/s`);
}
for (const other of proxyNames.slice(1)) {
  const ratios = ratiosWithin(seen.drover, seen[other], (run) => run.cpuMicros);
  console.log(`drover / ${other}: ${spread(ratios, 2)} in CPU an event (within a round)`);
}
