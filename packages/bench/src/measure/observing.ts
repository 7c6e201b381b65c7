// What it costs to watch Drover: requests/s and CPU time of the supervisor a request, with /metrics scraped each second, with requests kept for
// `drover explain`, with pings in streams, and with all of them, against none. Real workers with the demo model; variants in interleaved rounds.
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

const durationMs = quick ? 3000 : 10_000;
const SCRAPE_EVERY_MS = 1000;
const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 2, stream: true });

async function measure({ flags, isScraped }: Variant): Promise<Seen> {
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
  const stopScraping = isScraped ? systemClock.every(SCRAPE_EVERY_MS, () => void scrape(url)) : () => undefined;
  const load = {
    url,
    path: "/v1/chat/completions",
    method: "POST" as const,
    body,
    connections: 16,
    clock: systemClock,
  };
  await runRequests({ ...load, warmupMs: 0, durationMs: 2000 });
  const beforeMs = cpuMs(server.pid);
  const report = await runRequests({ ...load, warmupMs: 0, durationMs });
  const cpuMicros = ((cpuMs(server.pid) - beforeMs) * 1000) / Math.max(1, report.count);
  stopScraping();
  await server.stop();
  forget();
  rmSync(folder, { recursive: true, force: true });
  return { ...report, cpuMicros };
}

async function scrape(url: string): Promise<void> {
  await fetch(`${url}/metrics`).then(
    (response) => response.text(),
    () => undefined,
  );
}

const seen: Record<Name, Seen[]> = { none: [], scraped: [], explained: [], pinged: [], all: [] };
const rounds = roundsOr(5);
for (let round = 0; round < rounds; round += 1) {
  const first = round % names.length;
  for (const name of [...names.slice(first), ...names.slice(0, first)]) seen[name].push(await measure(variants[name]));
}
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
