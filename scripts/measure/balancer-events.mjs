// CPU time per relayed server-sent event at 50 streams of 100 events/s: the balancer with everything on, a bare
// http-proxy, nginx and HAProxy, in interleaved rounds on the same upstream.
// usage: node scripts/measure/balancer-events.mjs [--quick] [--rounds N]      (after pnpm build; needs nginx and haproxy)
import { setMaxListeners } from "node:events";
import { createChatClient } from "@drover/bench";
import { pause, systemClock } from "@drover/foundation/clock";
import { quick, roundsOr } from "./lib/options.mjs";
import { cpuMs, proxyNames, startProxy, startUpstream } from "./lib/proxies.mjs";
import { median, spread } from "./lib/spread.mjs";

const rounds = roundsOr(5);
const seconds = quick ? 3 : 6;
const streams = 50;
const everyMs = 10;
const upstream = await startUpstream();
const seen = Object.fromEntries(proxyNames.map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (let turn = 0; turn < proxyNames.length; turn += 1) {
    const name = proxyNames[(round + turn) % proxyNames.length];
    const proxy = await startProxy(name, upstream.url);
    seen[name].push(await relay(proxy));
    await proxy.stop();
  }
}
await upstream.stop();

/** @returns CPU microseconds an event, and events a second */
async function relay(proxy) {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  let events = 0;
  const client = createChatClient({
    url: proxy.url,
    query: `?events=1000000&every=${everyMs}`,
    model: "m",
    timeoutMs: 10_000,
    clock: systemClock,
  });
  const question = { messages: [{ role: "user", content: "x" }], maxTokens: 1 };
  const asked = Array.from({ length: streams }, () => client.ask(question, stop.signal, () => (events += 1)));
  await pause(systemClock, 1500);
  const [cpuBefore, before, startMs] = [cpuMs(proxy.pid), events, systemClock.monotonicMs()];
  await pause(systemClock, seconds * 1000);
  const [cpu, relayed, tookMs] = [cpuMs(proxy.pid) - cpuBefore, events - before, systemClock.monotonicMs() - startMs];
  stop.abort();
  await Promise.all(asked);
  await client.close();
  return { cpuMicros: (cpu * 1000) / relayed, rate: (relayed * 1000) / tookMs };
}

for (const name of proxyNames) {
  const rate = median(seen[name].map((run) => run.rate)).toFixed(0);
  console.log(
    `${name.padEnd(10)} ${spread(
      seen[name].map((run) => run.cpuMicros),
      1,
    )} us of CPU an event, at ${rate} events/s`,
  );
}
for (const other of proxyNames.slice(1)) {
  const ratios = seen.drover.map((run, round) => run.cpuMicros / seen[other][round].cpuMicros);
  console.log(`drover / ${other}: ${spread(ratios, 2)} in CPU an event (within a round)`);
}
