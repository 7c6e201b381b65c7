// What it costs to watch Drover: CPU time a request and requests/s with /metrics scraped each second, and with requests kept for `drover explain` and pings
// in streams, against neither. Two processes with the same settings, and one from one second to the next, differ by more than what is looked for. So there is
// one Drover, under load all the time, in rounds with the same number of requests, and only rounds beside each other are compared: those with and without
// explanations and pings in turn, there and back, by a reload between them, each after requests that are not counted, because a reload leaves work behind;
// and each round with a scrape with the two beside it, which gives the cost of a scrape, and so its share of a second. Requests come 16 at a time, so that
// they share the worker's steps alike in all rounds. One worker with one thread and the demo model, so that on two CPUs nobody waits for a CPU. CPU time is
// that of all threads of balancer and worker, to the nanosecond. 4 minutes, or 2 for one of the two; with --out, the rounds of earlier runs count as well.
// usage: node packages/bench/dist/measure/observing.js [--quick] [--model FILE] [--rounds SECONDS] [--out FOLDER] [explained|scraped]
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@drover/foundation/clock";
import { Pool } from "undici";
import { seededRandom } from "../random.ts";
import { startDrover } from "../servers/drover-server.ts";
import { processTree } from "../servers/process-tree.ts";
import { type Interval, ratioInterval } from "../statistics/bootstrap.ts";
import { bin } from "./support/drover.ts";
import { model, names, out, quick, roundsOr } from "./support/options.ts";
import { sendRequest } from "./support/run-requests.ts";
import { type MeasuredServer, scratch, stoppedOnInterrupt } from "./support/session.ts";

/** What a round of requests took. */
interface Round {
  readonly durationMs: number;
  /** CPU time of the process with balancer and supervisor. */
  readonly frontMs: number;
  /** With that of the worker. */
  readonly cpuMs: number;
}

/** With what is looked at, and without it. */
type Pair = readonly [one: Round, other: Round];

const settings = {
  neither: { log: { explain: 0 }, balancer: { streamPings: "off" } },
  both: { log: { explain: 1000 }, balancer: { streamPings: "on" } },
} as const;

type Settings = keyof typeof settings;

/** Of a round with or without explanations and pings, after those that a reload may have slowed down. */
const REQUESTS = 320;
const SETTLING_REQUESTS = 80;
/** Of a round with or without a scrape: an eighth of a second. */
const SCRAPE_REQUESTS = 80;
const WARM_UP_REQUESTS = quick ? 500 : 6000;
const SCRAPE_EVERY_MS = 1000;
const CONNECTIONS = 16;
const seconds = roundsOr(110);
const body = JSON.stringify({ messages: [{ role: "user", content: "hi" }], max_tokens: 2, stream: true });

interface Running extends MeasuredServer {
  /** Brings settings in. */
  become(name: Settings): Promise<void>;
}

async function start(): Promise<Running> {
  const config = join(scratch, "observing.json");
  const write = (name: Settings) => writeFileSync(config, JSON.stringify(settings[name]));
  write("neither");
  const shape = ["--model", model ?? "demo", "--workers", "1", "--threads", "1", "--slots", "16", "--ctx", "1024"];
  const { signal } = new AbortController();
  const drover = await startDrover({ bin, args: [...shape, "--config", config], signal });
  const become = async (name: Settings) => {
    write(name);
    await drover.reload();
  };
  return { url: drover.url, pid: drover.pid, become, stop: stoppedOnInterrupt(() => drover.stop()) };
}

/** So many requests, as many at a time as there are connections. */
async function ask(pool: Pool, count: number): Promise<void> {
  for (let asked = 0; asked < count; asked += CONNECTIONS) {
    const sent = Array.from({ length: CONNECTIONS }, () =>
      sendRequest(pool, { path: "/v1/chat/completions", method: "POST", body }),
    );
    if (!(await Promise.all(sent)).every(Boolean)) throw new Error("a request failed");
  }
}

/** Rounds of one Drover, each beside those that it is compared with. */
class Load {
  readonly #drover: Running;
  readonly #pool: Pool;
  readonly #workers: readonly number[];
  #scrapedMs = 0;

  constructor(drover: Running) {
    this.#drover = drover;
    this.#pool = new Pool(drover.url, { connections: CONNECTIONS, pipelining: 1 });
    this.#workers = processTree(drover.pid).slice(1);
  }

  /** Until code is compiled. */
  async warmUp(): Promise<void> {
    await this.#drover.become("both");
    await ask(this.#pool, WARM_UP_REQUESTS);
  }

  /** Two rounds with and two without explanations and pings, there and back. */
  async bothAndNeither(): Promise<Pair> {
    const seen: Record<Settings, Round[]> = { both: [], neither: [] };
    for (const name of ["both", "neither", "neither", "both"] as const) {
      await this.#drover.become(name);
      await ask(this.#pool, SETTLING_REQUESTS);
      seen[name].push(await this.#round(REQUESTS));
    }
    return [meanOf(seen.both), meanOf(seen.neither)];
  }

  /** A second with a scrape and one without, by a round with a scrape and the two beside it; the rest of the second passes under load. */
  async scrapedAndNot(): Promise<Pair> {
    while (systemClock.monotonicMs() < this.#scrapedMs + SCRAPE_EVERY_MS) await ask(this.#pool, SCRAPE_REQUESTS);
    const before = await this.#round(SCRAPE_REQUESTS);
    this.#scrapedMs = systemClock.monotonicMs();
    const scraped = await this.#round(SCRAPE_REQUESTS, this.#scrape());
    const beside = meanOf([before, await this.#round(SCRAPE_REQUESTS)]);
    const rounds = SCRAPE_EVERY_MS / beside.durationMs;
    const second = mapped(beside, (value) => rounds * value);
    return [mapped(scraped, (value, name) => second[name] + value - beside[name]), second];
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#drover.stop();
  }

  async #scrape(): Promise<void> {
    await (await fetch(`${this.#drover.url}/metrics`)).text();
  }

  async #round(requests: number, beside?: Promise<void>): Promise<Round> {
    const [frontBeforeMs, workersBeforeMs] = [threadsCpuMs(this.#drover.pid), this.#workersMs()];
    const startMs = systemClock.monotonicMs();
    await Promise.all([ask(this.#pool, requests), beside]);
    const durationMs = systemClock.monotonicMs() - startMs;
    const frontMs = threadsCpuMs(this.#drover.pid) - frontBeforeMs;
    return { durationMs, frontMs, cpuMs: frontMs + this.#workersMs() - workersBeforeMs };
  }

  #workersMs(): number {
    return this.#workers.map(threadsCpuMs).reduce((sum, one) => sum + one, 0);
  }
}

/** CPU time of a process's threads so far, in milliseconds and to the nanosecond. Threads that have ended are left out, so it is for a process whose threads stay. */
function threadsCpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds / 1e6, 0);
}

function mapped(round: Round, change: (value: number, name: keyof Round) => number): Round {
  const entries = Object.entries(round) as [keyof Round, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)])) as unknown as Round;
}

function meanOf(rounds: readonly Round[]): Round {
  const [first, ...rest] = rounds;
  if (first === undefined) throw new Error("a mean of nothing");
  return mapped(first, (value, name) => rest.reduce((sum, one) => sum + one[name], value) / rounds.length);
}

function percentText(interval: Interval | undefined): string {
  if (interval === undefined) return "?";
  return `${changeText(interval.value)} (${changeText(interval.low)} to ${changeText(interval.high)})`;
}

function changeText(ratio: number | null): string {
  return ratio === null ? "?" : `${((ratio - 1) * 100).toFixed(1)}%`;
}

const load = new Load(await start());
await load.warmUp();
const measured = {
  explained: { name: "explained and pinged", measure: () => load.bothAndNeither() },
  scraped: { name: "scraped each second", measure: () => load.scrapedAndNot() },
};
console.log("more than without, mean of the ratios of rounds beside each other and its 95% interval (bootstrap):");
for (const [of, { name, measure }] of Object.entries(measured)) {
  if (names.length > 0 && !names.includes(of)) continue;
  const kept = out === undefined ? undefined : join(out, `observing-${of}.json`);
  const pairs = kept !== undefined && existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as Pair[]) : [];
  const endMs = systemClock.monotonicMs() + 1000 * seconds;
  while (systemClock.monotonicMs() < endMs) pairs.push(await measure());
  if (kept !== undefined) writeFileSync(kept, JSON.stringify(pairs));
  const change = (of: (pair: Pair) => readonly [number, number]) =>
    percentText(ratioInterval([pairs.map(of)], seededRandom(1)));
  const cpu = change(([one, other]) => [one.cpuMs, other.cpuMs]);
  const front = change(([one, other]) => [one.frontMs, other.frontMs]);
  const rate = change(([one, other]) => [other.durationMs, one.durationMs]);
  console.log(
    `${name}: ${cpu} CPU a request, ${front} outside of the worker, ${rate} requests/s, ${pairs.length} pairs`,
  );
}
await load.close();
