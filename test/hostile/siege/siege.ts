import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../chaos/random.ts";
import { Pasture } from "../../support/drover-process.ts";
import { descriptorsOf, residentBytesOf } from "../../support/processes.ts";
import { ATTACKS, type AttackField } from "./attacks.ts";
import { FileReader } from "./file-reader.ts";
import { Fronts } from "./fronts.ts";
import { type HeardResponse, HonestClients } from "./honest.ts";

export interface SiegeOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Names of {@link ATTACKS}; each comes once, however short the siege. @default all of them */
  readonly attacks?: readonly string[];
  readonly say?: (line: string) => void;
}

export interface SiegeReport {
  /** How often each kind came. */
  readonly attacks: Readonly<Record<string, number>>;
  /** Of the hostile requests. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly honest: HonestReport;
  readonly workersReplaced: number;
  readonly growth: readonly Growth[];
  /** Whatever is not as it should be; empty: no harm done. */
  readonly harm: readonly string[];
}

interface HonestReport {
  readonly count: number;
  readonly failed: number;
  readonly delayed: number;
  /** The longest without attackers, and with them. */
  readonly calmMs: number;
  readonly longestMs: number;
}

/** One hostile act. */
interface Act {
  readonly name: string;
  readonly fromMs: number;
  toMs: number;
}

interface Growth {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly most: number;
}

const HONEST_CLIENTS = 4;
const HOSTILE_LINES = 8;
const CALM_REQUESTS = 40;
/** What attackers may cost an honest request. */
const MOST_DELAY_MS = 1000;
/** Buffers of bodies that are not collected yet, and the snapshots of a worker. */
const MOST_GROWTH_MIB = 200;
/** Connections that are kept alive: 32 to upstreams, and as many of each balancer in front. */
const MOST_NEW_DESCRIPTORS = 96;
const SETTLE_MS = 30_000;
/** Of those that were delayed. */
const MOST_TOLD = 10;

/** Attacks a real drover, and what stands in front of it, while honest clients chat, and looks whether they noticed. */
export async function runSiege(options: SiegeOptions): Promise<SiegeReport> {
  const pasture = new Pasture();
  const fronts = new Fronts();
  try {
    return await siege(pasture, fronts, options);
  } finally {
    await fronts.end();
    await pasture.close();
  }
}

async function siege(pasture: Pasture, fronts: Fronts, options: SiegeOptions): Promise<SiegeReport> {
  const { seed, say = () => {} } = options;
  const shape = ["--model", "demo", "--workers", "2", "--threads", "1", "--slots", "4", "--embeddings"];
  const drover = pasture.up([...shape, "--api-key", "honest=honest-key", "--api-key", "hostile=hostile-key"]);
  const url = await drover.url();
  const rows = await drover.workers((found) => found.length === 2 && found.every(({ state }) => state === "ready"));
  const front = await fronts.open(url);
  const urls = [url, ...front.map((one) => one.url)];
  const pids = {
    supervisor: drover.child.pid,
    ...Object.fromEntries(rows.map(({ id, pid }) => [`worker ${id}`, pid])),
    ...Object.fromEntries(front.map(({ name, child }) => [name, child.pid])),
  };
  const honest = new HonestClients(urls, "honest-key", HONEST_CLIENTS);
  const files = new FileReader(pasture.folder, seed);
  try {
    await honest.answered(CALM_REQUESTS);
    const calm = honest.take();
    const before = measure(pids);
    const statuses: Record<string, number> = {};
    const onStatus = (status: number | "cut") => {
      statuses[status] = (statuses[status] ?? 0) + 1;
    };
    const field = { pasture, drover, urls, key: "hostile-key", random: createRandom(seed), onStatus };
    const acts = await attack(field, options);
    say("the attack is over; waiting until its requests are gone");
    await honest.answered(1);
    const troubled = honest.take();
    await honest.end();
    await files.end();
    const report = honestReport(calm, troubled);
    const growth = await settledGrowth(pids, before);
    const now = await pasture.status();
    const workersReplaced = rows.filter(({ id, pid }) => now.find((row) => row.id === id)?.pid !== pid).length;
    const harm = [
      ...harmOf(report, troubled, workersReplaced, growth),
      ...besideLate(report, troubled, acts),
      ...faultsOf(statuses),
      ...fronts.gone.map((name) => `${name} ended`),
      ...files.harm,
    ];
    return { attacks: { ...countsOf(acts), ...files.counts }, statuses, honest: report, workersReplaced, growth, harm };
  } finally {
    await honest.end();
    await files.end();
  }
}

/** Several attackers at a time, each one thing after another. */
async function attack(field: AttackField, options: SiegeOptions): Promise<readonly Act[]> {
  const names = options.attacks ?? Object.keys(ATTACKS);
  const endMs = Date.now() + options.seconds * 1000;
  const acts: Act[] = [];
  const first = [...names];
  const line = async () => {
    while (Date.now() < endMs || first.length > 0) {
      const name = first.shift() ?? field.random.pick(names);
      const act = { name, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
      acts.push(act);
      await ATTACKS[name]?.(field);
      act.toMs = Date.now();
    }
  };
  await Promise.all(Array.from({ length: HOSTILE_LINES }, line));
  return acts;
}

function countsOf(acts: readonly Act[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of acts) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function honestReport(calm: readonly HeardResponse[], troubled: readonly HeardResponse[]): HonestReport {
  const calmMs = longest(calm);
  return {
    count: troubled.length,
    failed: troubled.filter(({ status }) => status !== 200).length,
    delayed: troubled.filter(({ tookMs }) => tookMs > calmMs + MOST_DELAY_MS).length,
    calmMs,
    longestMs: longest(troubled),
  };
}

function longest(responses: readonly HeardResponse[]): number {
  return Math.max(0, ...responses.map(({ tookMs }) => tookMs));
}

function harmOf(
  { failed, delayed }: HonestReport,
  troubled: readonly HeardResponse[],
  workersReplaced: number,
  growth: readonly Growth[],
): readonly string[] {
  const reasons = [...new Set(troubled.filter(({ status }) => status !== 200).map(({ status }) => String(status)))];
  return [
    ...(failed > 0 ? [`${failed} honest requests failed: ${reasons.join(", ")}`] : []),
    ...(delayed > 0 ? [`${delayed} honest requests were delayed by more than a second`] : []),
    ...(workersReplaced > 0 ? [`${workersReplaced} workers were replaced`] : []),
    ...growth
      .filter(({ before, after, most }) => after > before + most)
      .map(({ name, before, after }) => `${name}: ${before} before, ${after} after`),
  ];
}

/** What attackers did while those waited that were delayed, the longest first. */
function besideLate(
  { calmMs }: HonestReport,
  troubled: readonly HeardResponse[],
  acts: readonly Act[],
): readonly string[] {
  const late = troubled.filter(({ tookMs }) => tookMs > calmMs + MOST_DELAY_MS);
  return late
    .toSorted((one, other) => other.tookMs - one.tookMs)
    .slice(0, MOST_TOLD)
    .map(({ tookMs, url, endedAtMs }) => {
      const beside = acts.filter(({ fromMs, toMs }) => fromMs < endedAtMs && toMs > endedAtMs - tookMs);
      const names = [...new Set(beside.map(({ name }) => name))];
      return `one that was delayed, of ${Math.round(tookMs)} ms at ${url}, was beside: ${names.join(", ")}`;
    });
}

/** Whatever clients send, it is not the server's fault. */
function faultsOf(statuses: Readonly<Record<string, number>>): readonly string[] {
  return ["500", "502", "504"].flatMap((status) =>
    statuses[status] === undefined ? [] : [`${statuses[status]} responses with ${status}`],
  );
}

/** Of processes by their names. */
type Pids = Readonly<Record<string, number | null | undefined>>;

function measure(pids: Pids): readonly Omit<Growth, "after">[] {
  return Object.entries(pids).flatMap(([name, known]) => {
    const pid = known ?? 0;
    return [
      { name: `memory of ${name} (MiB)`, before: Math.round(residentBytesOf(pid) / 2 ** 20), most: MOST_GROWTH_MIB },
      { name: `descriptors of ${name}`, before: descriptorsOf(pid).length, most: MOST_NEW_DESCRIPTORS },
    ];
  });
}

/** Connections and buffers of requests that are over go by and by. */
async function settledGrowth(pids: Pids, before: readonly Omit<Growth, "after">[]): Promise<readonly Growth[]> {
  const endMs = Date.now() + SETTLE_MS;
  for (;;) {
    const now = measure(pids);
    const growth = before.map((one, index) => ({ ...one, after: now[index]?.before ?? 0 }));
    if (growth.every(({ before: was, after, most }) => after <= was + most) || Date.now() > endMs) return growth;
    await sleep(500);
  }
}
