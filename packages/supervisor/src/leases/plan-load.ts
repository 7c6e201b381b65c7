import { type CostPoint, createStepCosts, estimateCosts, type StepCosts } from "@drover/contract/step-costs";

/** What one decode takes with a number of threads, by the sequences in it; measured while nothing else computed. */
export type CostTables = ReadonlyMap<number, readonly CostPoint[]>;

export interface LoadGround {
  readonly tables: CostTables;
  readonly domains: readonly { readonly cpus: number; readonly workers: number }[];
  /** Of one worker. */
  readonly slots: number;
}

/** Up to `upTo` requests in flight are best computed by `workers` workers; the last one counts for any number. */
export interface LoadStep {
  readonly upTo: number;
  readonly workers: number;
  /** CPUs of the one with the fewest. */
  readonly cpusEach: number;
}

/** A worker in a domain of its own has to give so much more: requests that share a worker share its cached prompts, and one table is a measurement. */
const LEAST_GAIN = 1.1;

/**
 * Workers that divide a domain have to give so much more than fewer of them. Each table was measured while nothing else
 * computed, so it promises more than they reach side by side; and each reads prompts with fewer CPUs, so first tokens come later.
 */
const LEAST_GAIN_BY_DIVIDING = 1.25;

/** Beyond their slots requests wait: another worker needs to be no faster then, as long as those that run lose little by it. */
const LEAST_GAIN_WHEN_FULL = 0.95;

/**
 * How many workers compute, by the number of requests in flight. A step's time comes from the table of the CPUs that each
 * of them then has. Such a table was measured alone, with all of the memory's bandwidth, which k workers share: each reads
 * all weights for itself. A step of one token on all CPUs takes at least as long as reading the weights once, so k workers
 * take at least k times that; where computing is the limit they do so anyway.
 */
export function planLoad(ground: LoadGround): readonly LoadStep[] {
  const all = ground.domains.reduce((sum, { workers }) => sum + workers, 0);
  const choices = workerCounts(ground.domains);
  const steps: LoadStep[] = [];
  let workers = 0;
  const prices = new StepPrices(ground.tables);
  for (let requests = 1; requests <= Math.max(1, all * ground.slots); requests++) {
    workers = Math.max(workers, bestCount({ ...ground, prices }, choices, requests));
    const last = steps.at(-1);
    const step = { upTo: requests, workers, cpusEach: cpusEach(ground, workers) };
    if (last?.workers === workers) steps[steps.length - 1] = step;
    else steps.push(step);
  }
  return steps.map((step, index) => (index === steps.length - 1 ? { ...step, upTo: Number.POSITIVE_INFINITY } : step));
}

/** Workers that new requests are spread over, by a plan. */
export function workersFor(plan: readonly LoadStep[], requests: number): number {
  return (plan.find(({ upTo }) => requests <= upTo) ?? plan.at(-1))?.workers ?? 1;
}

/** Fewer workers only once a quarter more requests than there are would not need them either. */
const SLACK = 1.25;

/** Follows a load: more workers at once, fewer only where that will hold, since each change moves CPUs. */
export function followPlan(plan: readonly LoadStep[], before: number, requests: number): number {
  const wanted = workersFor(plan, requests);
  if (wanted >= before) return wanted;
  return Math.min(before, workersFor(plan, Math.ceil(requests * SLACK) + 1));
}

/** One, one in each domain, and then numbers that divide a domain's CPUs as the layout does, without cutting L3 groups anew. */
function workerCounts(domains: LoadGround["domains"]): readonly number[] {
  const all = domains.reduce((sum, { workers }) => sum + workers, 0);
  const most = Math.max(...domains.map(({ workers }) => workers));
  const inDomain = Array.from({ length: most }, (_, index) => index + 1).filter((count) => most % count === 0);
  const counts = inDomain.map((count) => domains.reduce((sum, { workers }) => sum + Math.min(count, workers), 0));
  return [...new Set([1, ...counts, all])].toSorted((a, b) => a - b);
}

interface PricedGround extends LoadGround {
  readonly prices: StepPrices;
}

function bestCount(ground: PricedGround, choices: readonly number[], requests: number): number {
  let [best = 1] = choices;
  let most = tokensPerMs(ground, best, requests);
  for (const count of choices) {
    const speed = tokensPerMs(ground, count, requests);
    if (speed < most * leastGain(ground, best, { count, requests })) continue;
    best = count;
    most = speed;
  }
  return best;
}

function leastGain(
  { slots, domains }: LoadGround,
  best: number,
  { count, requests }: { readonly count: number; readonly requests: number },
): number {
  if (requests > best * slots) return LEAST_GAIN_WHEN_FULL;
  return count > domains.length ? LEAST_GAIN_BY_DIVIDING : LEAST_GAIN;
}

function tokensPerMs(ground: PricedGround, count: number, requests: number): number {
  const { slots, tables, prices } = ground;
  // Nothing is known: workers are filled one after the other.
  if (tables.size === 0) return Math.min(requests, count * slots);
  let sum = 0;
  let placed = 0;
  for (const { cpus, workers } of spread(ground.domains, count)) {
    const threads = Math.floor(cpus / workers);
    if (threads === 0) continue;
    const readMs = workers * prices.ms(cpus, 1);
    for (let worker = 0; worker < workers; worker++, placed++) {
      const share = Math.floor(requests / count) + (placed < requests % count ? 1 : 0);
      const sequences = Math.min(slots, share);
      if (sequences > 0) sum += sequences / Math.max(readMs, prices.ms(threads, sequences));
    }
  }
  return sum;
}

/** `count` workers, one domain after the other as evenly as they go. */
function spread(domains: LoadGround["domains"], count: number): LoadGround["domains"] {
  const counts = domains.map(() => 0);
  for (let left = count; left > 0; ) {
    const before = left;
    for (const [index, { workers }] of domains.entries()) {
      if (left > 0 && (counts[index] ?? 0) < workers) {
        counts[index] = (counts[index] ?? 0) + 1;
        left -= 1;
      }
    }
    if (left === before) break;
  }
  return domains.flatMap(({ cpus }, index) => {
    const workers = counts[index] ?? 0;
    return workers === 0 ? [] : [{ cpus, workers }];
  });
}

function cpusEach({ domains }: LoadGround, count: number): number {
  return Math.min(...spread(domains, count).map(({ cpus, workers }) => Math.max(1, Math.floor(cpus / workers))));
}

/** What a step takes with as many of some CPUs as are best: of small models more threads are slower. */
class StepPrices {
  readonly #tables: CostTables;
  readonly #byCpus = new Map<number, readonly StepCosts[]>();

  constructor(tables: CostTables) {
    this.#tables = tables;
  }

  ms(cpus: number, tokens: number): number {
    const known = this.#byCpus.get(cpus) ?? this.#make(cpus);
    return Math.min(...known.map((costs) => costs.groupMs(tokens)));
  }

  #make(cpus: number): readonly StepCosts[] {
    const measured = [...this.#tables].filter(([threads]) => threads <= cpus).map(([, points]) => points);
    const made = [...measured, estimateCosts(this.#tables, cpus)].map(createStepCosts);
    this.#byCpus.set(cpus, made);
    return made;
  }
}
