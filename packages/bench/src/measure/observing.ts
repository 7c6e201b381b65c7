// What it costs to watch Drover: requests/s and CPU time of the supervisor a request, with /metrics scraped each second, with requests kept for
// `drover explain`, with pings in streams, and with all of them, against none. One Drover for each variant, with real workers and the demo model; all
// of them run throughout, and the load goes from one to the next in short rounds, so that each is compared with its neighbours in time. Under 5 minutes.
// usage: node packages/bench/dist/measure/observing.js [--quick] [--model FILE] [--rounds N]
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@drover/foundation/clock";
import { startChildServer } from "../servers/child-server.ts";
import { freePort } from "../servers/free-port.ts";
import { bin } from "./support/drover.ts";
import { model, quick, roundsOr } from "./support/options.ts";
import { cpuMs, ratiosWithin } from "./support/proxies.ts";
import { type RequestsReport, runRequests } from "./support/run-requests.ts";
import { onInterrupt, scratch } from "./support/session.ts";
import { spread } from "./support/spread.ts";

interface Variant {
  readonly flags: readonly string[];
  readonly isScraped: boolean;
}

/** The first one is what the others are compared with. */
const variants = {
  none: { flags: ["--explain", "0", "--stream-pings", "off"], isScraped: false },
  scraped: { flags: ["--explain", "0", "--stream-pings", "off"], isScraped: true },
  explained: { flags: ["--explain", "1000", "--stream-pings", "off"], isScraped: false },
  pinged: { flags: ["--explain", "0", "--stream-pings", "on"], isScraped: false },
  all: { flags: ["--explain", "1000", "--stream-pings", "on"], isScraped: true },
} as const satisfies Readonly<Record<string, Variant>>;

type Name = keyof typeof variants;
const names = Object.keys(variants) as Name[];

interface Seen extends RequestsReport {
  readonly cpuMicros: number;
}

const roundMs = quick ? 2000 : 4000;
const WARM_UP_MS = 4000;
const SCRAPE_EVERY_MS = 1000;
const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 2, stream: true });

interface Running {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function start({ flags }: Variant): Promise<Running> {
  const folder = mkdtempSync(join(scratch, "observing-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const shape = ["--model", model ?? "demo", "--workers", "2", "--threads", "1", "--slots", "8", "--ctx", "1024"];
  const where = ["--listen", `127.0.0.1:${port}`, "--admin-socket", join(folder, "admin.sock")];
  const server = await startChildServer({
    name: "drover up",
    file: process.execPath,
    args: [bin, "up", ...shape, ...where, ...flags],
    readyUrl: `${url}/health`,
    readyTimeoutMs: 60_000,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const forget = onInterrupt(() => server.stop());
  const stop = async () => {
    await server.stop();
    forget();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, pid: server.pid, stop };
}

async function measure({ isScraped }: Variant, { url, pid }: Running, durationMs: number): Promise<Seen> {
  const stopScraping = isScraped ? systemClock.every(SCRAPE_EVERY_MS, () => void scrape(url)) : () => undefined;
  const beforeMs = cpuMs(pid);
  const report = await runRequests({
    url,
    path: "/v1/chat/completions",
    method: "POST",
    body,
    connections: 16,
    warmupMs: 0,
    durationMs,
    clock: systemClock,
  });
  const cpuMicros = ((cpuMs(pid) - beforeMs) * 1000) / Math.max(1, report.count);
  stopScraping();
  return { ...report, cpuMicros };
}

async function scrape(url: string): Promise<void> {
  await fetch(`${url}/metrics`).then(
    (response) => response.text(),
    () => undefined,
  );
}

const seen: Record<Name, Seen[]> = { none: [], scraped: [], explained: [], pinged: [], all: [] };
const running = new Map<Name, Running>();
// One after the other: the first measures what steps cost, and the others read it.
for (const name of names) {
  const server = await start(variants[name]);
  await measure(variants[name], server, WARM_UP_MS);
  running.set(name, server);
}
const rounds = roundsOr(12);
for (let round = 0; round < rounds; round += 1) {
  const first = round % names.length;
  for (const name of [...names.slice(first), ...names.slice(0, first)]) {
    const server = running.get(name);
    if (server !== undefined) seen[name].push(await measure(variants[name], server, roundMs));
  }
}
for (const server of running.values()) await server.stop();
for (const name of names) {
  const all = (read: (run: Seen) => number) => seen[name].map(read);
  const failed = all((run) => run.failed).reduce((sum, one) => sum + one, 0);
  console.log(
    `${name.padEnd(10)} ${spread(all((run) => run.requestsPerSecond))} requests/s, ${spread(all((run) => run.cpuMicros))} us of CPU a request, ${failed} failed`,
  );
}
for (const name of names.slice(1)) {
  const rate = ratiosWithin(seen[name], seen.none, (run) => run.requestsPerSecond);
  const cpu = ratiosWithin(seen[name], seen.none, (run) => run.cpuMicros);
  console.log(`${name} / none: ${spread(rate, 3)} in requests/s, ${spread(cpu, 3)} in CPU a request (within a round)`);
}
