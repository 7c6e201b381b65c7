import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeSyntheticModel } from "@drover/models";
import { type Drover, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { descriptorsOf, zombiesOf } from "../support/processes.ts";
import { TooLate } from "../support/until.ts";
import { ACTIONS, type StormField } from "./actions.ts";
import { type ClientsReport, runClients } from "./clients.ts";
import { dumpOf, lastWords } from "./last-words.ts";
import { createRandom } from "./random.ts";
import { type Recovery, recoveries } from "./recoveries.ts";

export interface StormOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  readonly clients: number;
  /** Names of {@link ACTIONS}; each comes once, however short the storm, before any comes twice. @default all of them */
  readonly actions?: readonly string[];
  readonly say?: (line: string) => void;
}

export interface StormReport {
  readonly clients: ClientsReport;
  /** How often each kind of trouble was made. */
  readonly actions: Readonly<Record<string, number>>;
  readonly recoveries: readonly Recovery[];
  /** Whatever is not as it should be; empty: the storm did no harm. */
  readonly violations: readonly string[];
}

const RECOVERY_MS = 60_000;
/** For what takes every worker's time: each is drained, ended and started. */
const ORDER_MS = 120_000;
/** What has recovered serves again. */
const LEAST_WHOLE = 30;
const UNRULY_WORKER = fileURLToPath(new URL("./unruly-worker.js", import.meta.url));

/**
 * Makes trouble for a real drover under load, lets it recover, and looks whether any harm is left.
 * @throws Error where it hangs, with all that can be seen of it
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const pasture = new Pasture();
  try {
    const field = await prepare(pasture, options.workers, options.seed);
    return await storm(field, options).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await lastWords(field.drover)}`, { cause: error });
    });
  } finally {
    await pasture.close();
  }
}

async function storm(field: Field, options: StormOptions): Promise<StormReport> {
  const { seconds, seed, workers, clients, say = () => {} } = options;
  const { pasture, drover, starved } = field;
  const url = await drover.url();
  await drover.workers((rows) => areReady(rows, workers), RECOVERY_MS);
  const descriptors = descriptorsOf(drover.child.pid ?? 0).length;

  const over = new AbortController();
  const load = runClients({
    url,
    count: clients,
    seed,
    signal: over.signal,
    leastWhole: LEAST_WHOLE,
    wasStarved: (sinceMs) => starved.lastMs >= sinceMs,
  });
  const actions = await makeTrouble(field, options, Date.now() + seconds * 1000);
  say("the storm is over; waiting for everything to recover");
  await restore(field, options);
  over.abort();
  const report = await load;
  say("the last request has ended");
  const violations = [...report.wrongs, ...(await lookForHarm(pasture, { drover, workers, descriptors }))];
  return { clients: report, actions, recoveries: recoveries(drover.entries), violations };
}

interface Field extends StormField {
  /** When the supervisor last had no free descriptor. */
  readonly starved: { lastMs: number };
  /** Each resolves with why it was not done, or with whatever came. */
  readonly asked: Promise<unknown>[];
}

async function prepare(pasture: Pasture, workers: number, seed: number): Promise<Field> {
  const models = [join(pasture.folder, "first.gguf"), join(pasture.folder, "second.gguf")] as const;
  await writeSyntheticModel("tiny", models[0], "q8_0");
  copyFileSync(models[0], models[1]);
  const command = `${process.execPath} ${UNRULY_WORKER} {port} {threads} {model}`;
  const own = [
    `model: ${models[0]}`,
    `workers: { count: ${workers}, threads: 1, command: "${command}" }`,
    "supervision:",
    // A busy machine delays a heartbeat by seconds.
    "  livenessTimeout: 5s",
    "  stallTimeout: 8s",
    "  startTimeout: 20s",
    "  grace: 1s",
    "  backoff: 200ms",
    "  backoffLimit: 1s",
    // The storm kills far more often than any quarantine allows.
    "  maxRestarts: 10000",
  ];
  const configure = (more = "") => writeFileSync(join(pasture.folder, "drover.yaml"), merge(own, more));
  configure();
  const drover = pasture.up([]);
  const starved = { lastMs: 0 };
  const asked: Promise<unknown>[] = [];
  return {
    pasture,
    drover,
    configure,
    models,
    starved,
    asked,
    random: createRandom(seed),
    ask: (path) => void asked.push(pasture.admin("POST", path, ORDER_MS).catch((error: unknown) => error)),
    setStarved: (isStarved) => {
      starved.lastMs = isStarved ? Number.POSITIVE_INFINITY : Date.now();
    },
  };
}

/** `supervision` of `more` goes into the storm's own. */
function merge(own: readonly string[], more: string): string {
  const match = /^supervision: \{ (.*) \}\n$/.exec(more);
  return match === null ? `${own.join("\n")}\n${more}` : `${own.join("\n")}\n  ${match[1]}\n`;
}

async function makeTrouble(field: Field, options: StormOptions, endMs: number): Promise<Record<string, number>> {
  const { random } = field;
  const names = options.actions ?? Object.keys(ACTIONS);
  const counts: Record<string, number> = {};
  let bag = [...names];
  const isFirstRound = () => names.some((name) => counts[name] === undefined);
  while (Date.now() < endMs || isFirstRound()) {
    await assertRunning(field.drover);
    if (bag.length === 0) bag = [...names];
    const name = random.pick(bag);
    bag.splice(bag.indexOf(name), 1);
    counts[name] = (counts[name] ?? 0) + 1;
    options.say?.(name);
    await ACTIONS[name]?.(field).catch((error: Error) => {
      if (error instanceof TooLate) throw error;
      options.say?.(`  ${name}: ${error.message}`);
    });
    await sleep(random.between(100, 500));
  }
  return counts;
}

/** @throws Error with its last words: a supervisor that ends in a storm is the worst harm of all */
async function assertRunning(drover: Drover): Promise<void> {
  if (drover.child.exitCode === null && drover.child.signalCode === null) return;
  const { stderr, stdout } = await drover.ended;
  const how = drover.child.signalCode ?? `code ${drover.child.exitCode}`;
  throw new Error(`the supervisor ended with ${how}: ${stderr}\n${stdout.split("\n").slice(-20).join("\n")}`);
}

async function restore(field: Field, { workers, say = () => {} }: StormOptions): Promise<void> {
  const { pasture, drover, configure, models, asked } = field;
  configure();
  for (const result of await Promise.all(asked)) if (result instanceof TooLate) throw result;
  say("  what was asked of the supervisor is done");
  await pasture.admin("POST", `/reload?model=${encodeURIComponent(models[0])}`, ORDER_MS);
  say("  the first model is loaded again");
  await pasture.admin("POST", `/scale?count=${workers}`, ORDER_MS);
  const endMs = Date.now() + RECOVERY_MS;
  for (;;) {
    const rows = await drover.workers((found) => areReady(found, workers), RECOVERY_MS).catch(() => []);
    // One that was stopped or blocked a moment ago is listed as ready until its heartbeat is missed.
    const responses = await Promise.all(rows.map(({ port }) => isAnswering(port)));
    if (responses.every(Boolean) || Date.now() > endMs) return;
  }
}

async function isAnswering(port: number | null): Promise<boolean> {
  const signal = AbortSignal.timeout(1000);
  const response = await fetch(`http://127.0.0.1:${port}/health`, { signal }).catch(() => undefined);
  await response?.arrayBuffer().catch(() => {});
  // It refuses whoever does not know its secret, and so it lives.
  return response !== undefined;
}

interface Scene {
  readonly drover: Drover;
  readonly workers: number;
  /** Descriptors that the supervisor had open before. */
  readonly descriptors: number;
}

/** Descriptors that may stay open: kept-alive connections to each worker. */
const SPARE_DESCRIPTORS = 24;

async function lookForHarm(pasture: Pasture, { drover, workers, descriptors }: Scene): Promise<readonly string[]> {
  const harm = [...(await lastingHarm(pasture, { drover, workers, descriptors }))];
  const ended = await drover.end("SIGTERM");
  if (ended.code !== 0 || ended.stderr !== "") harm.push(`ended with ${ended.code}: ${ended.stderr}`);
  if (pasture.left().length > 0) harm.push(`processes are left: ${pasture.left().join(", ")}`);
  return harm;
}

const SETTLE_MS = 30_000;

/** What is still not right at last: the leases and sockets of ended requests go by and by. */
async function lastingHarm(pasture: Pasture, scene: Scene): Promise<readonly string[]> {
  const endMs = Date.now() + SETTLE_MS;
  for (;;) {
    const harm = await presentHarm(pasture, scene);
    if (harm.length === 0 || Date.now() > endMs) return harm;
    await sleep(200);
  }
}

async function presentHarm(pasture: Pasture, { drover, workers, descriptors }: Scene): Promise<readonly string[]> {
  const harm: string[] = [];
  const rows = await pasture.status();
  if (!areReady(rows, workers)) harm.push(`not every worker is ready: ${JSON.stringify(rows)}`);
  const { balancer } = (await dumpOf(drover)).state;
  const leases = balancer.upstreams.reduce((sum, upstream) => sum + upstream.active, 0);
  if (leases > 0) harm.push(`${leases} leases are held though no request runs`);
  if (balancer.queue.depth > 0) harm.push(`${balancer.queue.depth} requests wait though none was sent`);
  if (balancer.upstreams.length !== workers) harm.push(`${balancer.upstreams.length} upstreams`);
  const open = descriptorsOf(drover.child.pid ?? 0);
  if (open.length > descriptors + SPARE_DESCRIPTORS)
    harm.push(`${open.length} descriptors, before ${descriptors}: ${open.toSorted().join(" ")}`);
  const zombies = zombiesOf(drover.child.pid ?? 0);
  if (zombies.length > 0) harm.push(`zombies: ${zombies.join(", ")}`);
  const processes = pasture.left().length;
  // A worker has one more where its model's texts are tokenized apart (apart-tokenizer.ts).
  if (processes < workers + 1 || processes > 2 * workers + 1)
    harm.push(`${processes} processes for ${workers} workers and the supervisor`);
  return harm;
}

function areReady(rows: readonly WorkerRow[], workers: number): boolean {
  return rows.length === workers && rows.every((row) => row.state === "ready");
}
