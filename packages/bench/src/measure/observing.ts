// What it costs to watch Drover: requests/s and CPU time a request, with /metrics scraped each second, with requests kept for `drover explain`, with pings
// in streams, and with all of them, against none. One Drover whose settings a reload changes from one short round to the next: two processes with the same
// settings differ by more than what is looked for. One worker with one thread and the demo model, so that on two CPUs nobody waits for a CPU. Each cycle
// goes through the variants and back again, so that a machine that slows down favours none; its ratios are taken within it. Under 5 minutes.
// usage: node packages/bench/dist/measure/observing.js [--quick] [--model FILE] [--rounds CYCLES]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@drover/foundation/clock";
import { Agent, request } from "undici";
import { startChildServer } from "../servers/child-server.ts";
import { freePort } from "../servers/free-port.ts";
import { processTree } from "../servers/process-tree.ts";
import type { Interval } from "../statistics/bootstrap.ts";
import { medianInterval } from "../statistics/median.ts";
import { threadsCpuMs } from "./support/cpu-time.ts";
import { bin } from "./support/drover.ts";
import { model, quick, roundsOr } from "./support/options.ts";
import { cpuMs } from "./support/proxies.ts";
import { runRequests } from "./support/run-requests.ts";
import { type MeasuredServer, scratch, stoppedOnInterrupt } from "./support/session.ts";

interface Variant {
  readonly explained: number;
  readonly pings: "on" | "off";
  readonly isScraped: boolean;
}

/** The first one is what the others are compared with. */
const variants = {
  none: { explained: 0, pings: "off", isScraped: false },
  scraped: { explained: 0, pings: "off", isScraped: true },
  explained: { explained: 1000, pings: "off", isScraped: false },
  pinged: { explained: 0, pings: "on", isScraped: false },
  all: { explained: 1000, pings: "on", isScraped: true },
} as const satisfies Readonly<Record<string, Variant>>;

type Name = keyof typeof variants;
const names = Object.keys(variants) as Name[];

/** Of some rounds together. */
interface Sums {
  readonly durationMs: number;
  readonly count: number;
  readonly failed: number;
  /** CPU time of the process with balancer and supervisor. */
  readonly frontMs: number;
  /** With that of the worker. */
  readonly allMs: number;
}

const roundMs = quick ? 500 : 1000;
const WARM_UP_MS = quick ? 1000 : 8000;
const SCRAPE_EVERY_MS = 1000;
const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 2, stream: true });

interface Running extends MeasuredServer {
  /** Brings in the settings of a variant. */
  become(variant: Variant): Promise<void>;
}

async function start(): Promise<Running> {
  const folder = mkdtempSync(join(scratch, "observing-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [config, socket] = [join(folder, "drover.json"), join(folder, "admin.sock")];
  const write = ({ explained, pings }: Variant) =>
    writeFileSync(config, JSON.stringify({ log: { explain: explained }, balancer: { streamPings: pings } }));
  write(variants.none);
  const shape = ["--model", model ?? "demo", "--workers", "1", "--threads", "1", "--slots", "16", "--ctx", "1024"];
  const where = ["--config", config, "--listen", `127.0.0.1:${port}`, "--admin-socket", socket];
  const server = await startChildServer({
    name: "drover up",
    file: process.execPath,
    args: [bin, "up", ...shape, ...where],
    readyUrl: `${url}/ready`,
    readyTimeoutMs: 60_000,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const stopServer = stoppedOnInterrupt(() => server.stop());
  const admin = new Agent({ connect: { socketPath: socket } });
  const become = async (variant: Variant) => {
    write(variant);
    const { statusCode, body: said } = await request("http://admin/reload", { method: "POST", dispatcher: admin });
    const text = await said.text();
    if (statusCode !== 200) throw new Error(`the reload failed: ${text}`);
  };
  const stop = async () => {
    await admin.close();
    await stopServer();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, pid: server.pid, become, stop };
}

/** The same number of scrapes in each round, the first half a period after its begin. */
function scrapes(url: string): () => void {
  const scrape = () =>
    void fetch(`${url}/metrics`)
      .then((response) => response.text())
      .catch(() => undefined);
  let stop = systemClock.after(SCRAPE_EVERY_MS / 2, () => {
    scrape();
    stop = systemClock.every(SCRAPE_EVERY_MS, scrape);
  });
  return () => stop();
}

async function measure(name: Name, server: Running, durationMs: number): Promise<Sums> {
  const { url, pid } = server;
  await server.become(variants[name]);
  const workers = processTree(pid).slice(1);
  const workersMs = () => workers.map(cpuMs).reduce((sum, one) => sum + one, 0);
  const load = { url, path: "/v1/chat/completions", method: "POST", body, connections: 16, warmupMs: 0 } as const;
  const [frontBeforeMs, workersBeforeMs] = [threadsCpuMs(pid), workersMs()];
  const stopScraping = variants[name].isScraped ? scrapes(url) : () => undefined;
  const { count, failed } = await runRequests({ ...load, durationMs, clock: systemClock });
  stopScraping();
  const frontMs = threadsCpuMs(pid) - frontBeforeMs;
  return { durationMs, count, failed, frontMs, allMs: frontMs + workersMs() - workersBeforeMs };
}

function add(one: Sums, other: Sums): Sums {
  const both = (read: (sums: Sums) => number) => read(one) + read(other);
  return {
    durationMs: both((sums) => sums.durationMs),
    count: both((sums) => sums.count),
    failed: both((sums) => sums.failed),
    frontMs: both((sums) => sums.frontMs),
    allMs: both((sums) => sums.allMs),
  };
}

const seen: Record<Name, Sums[]> = { none: [], scraped: [], explained: [], pinged: [], all: [] };
const drover = await start();
await measure("all", drover, WARM_UP_MS);
const cycles = roundsOr(18);
for (let cycle = 0; cycle < cycles; cycle += 1) {
  const order = [...names.slice(cycle % names.length), ...names.slice(0, cycle % names.length)];
  const there = new Map<Name, Sums>();
  for (const name of order) there.set(name, await measure(name, drover, roundMs));
  for (const name of order.toReversed()) {
    const back = await measure(name, drover, roundMs);
    seen[name].push(add(there.get(name) ?? back, back));
  }
}
await drover.stop();

const figures = {
  "requests/s": ({ count, durationMs }: Sums) => (1000 * count) / durationMs,
  "us of CPU a request": ({ allMs, count }: Sums) => (1000 * allMs) / Math.max(1, count),
  "us of them outside of the worker": ({ frontMs, count }: Sums) => (1000 * frontMs) / Math.max(1, count),
};

function percentText({ value, low, high }: Interval): string {
  return `${changeText(value)} (${changeText(low)} to ${changeText(high)})`;
}

function changeText(ratio: number | null): string {
  return ratio === null ? "?" : `${((ratio - 1) * 100).toFixed(1)}%`;
}

for (const name of names) {
  const total = seen[name].reduce(add);
  const each = Object.entries(figures).map(([what, of]) => `${of(total).toFixed(0)} ${what}`);
  console.log(`${name.padEnd(10)} ${each.join(", ")}, ${total.failed} failed`);
}
console.log(`more than none, median of ${cycles} cycles and its 95% interval:`);
for (const name of names.slice(1)) {
  const each = Object.entries(figures).map(([what, of]) => {
    const ratios = seen[name].map((one, cycle) => of(one) / of(seen.none[cycle] ?? one));
    return `${percentText(medianInterval(ratios))} ${what}`;
  });
  console.log(`${name.padEnd(10)} ${each.join(", ")}`);
}
