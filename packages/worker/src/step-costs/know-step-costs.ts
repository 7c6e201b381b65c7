import { writeCacheFile } from "@drover/foundation/files/cache-file";
import { cacheFolder } from "@drover/foundation/files/user-folders";
import type { Logger } from "pino";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import type { CpuLease } from "../leases/cpu-lease.ts";
import type { CompleteOptions } from "../worker-options.ts";
import { CostsByThreads } from "./costs-by-threads.ts";
import { isComplete, lookAtStepCosts, measureStepCosts, type MeasureOptions } from "./measure-step-costs.ts";
import { isFresh, readStepCosts, refresh, stepCostFile } from "./step-cost-cache.ts";
import { costsHold } from "./step-cost-shape.ts";
import type { CostPoint } from "@drover/contract/step-costs";

/** A worker that comes back is waited for; live steps correct the stored table as well, on a machine that is too busy. */
const LONGEST_MEASURING_MS = 15_000;

export interface KnowCostsParts {
  readonly engine: Engine;
  readonly options: Pick<CompleteOptions, "modelPath" | "stepCosts" | "threads" | "leases">;
  readonly lease: CpuLease;
  readonly logger: Logger;
  /** Told of each table that is known, and of each one that was corrected. */
  readonly onKnown: (threads: number, points: readonly CostPoint[]) => void;
}

/** The step costs of a worker, and what is still to be measured of them. */
export interface KnownCosts {
  readonly costs: CostsByThreads;
  /** While the worker has nothing to do: the tables that the start left rough or out. Ends with the first request. */
  readonly measureRest: (heldTokens: (sequence: number) => number) => Promise<void>;
}

/**
 * The tables for all numbers of threads that leases will have: read from the cache while they hold (a look with all CPUs
 * tells, where nobody has looked just now), else measured with the CPUs that can be had now; written to the cache whenever something else was seen. Of the numbers below the largest a rough
 * table does at first.
 */
export async function knowStepCosts(parts: KnowCostsParts): Promise<KnownCosts | undefined> {
  const { options, lease, engine } = parts;
  if (options.stepCosts === "off") return undefined;
  const book = await openBook(parts);
  const left = new Set(book.counts);
  await lease.measuring(async () => {
    for (;;) {
      const threads = await nextCount(lease, left, book.isEmpty());
      if (threads === undefined) break;
      left.delete(threads);
      await interruptible(async () => {
        const inTurn = turnsWith(parts, book.costs, threads);
        await book.know(threads, { isRough: threads !== book.counts[0], inTurn });
        // What one stored table is worth, the others that were stored with it are worth as well.
        for (const other of book.counts) if (book.costs.measured(other) !== undefined) left.delete(other);
      });
    }
  });
  if (book.isEmpty()) return undefined;
  const doubts = new Doubts();
  return {
    costs: book.costs,
    measureRest: async (heldTokens) => {
      for (const threads of book.counts) {
        const known = book.costs.measured(threads);
        const isDone = known !== undefined && isComplete(engine, known);
        if (isDone && !doubts.isDue(book.costs.isDoubtful(threads))) continue;
        const inTurn = spareTurnsWith(parts, book.costs, threads);
        await interruptible(() => book.measure(threads, { inTurn, heldTokens }));
      }
    },
  };
}

/** A table by which more threads are slower than fewer may have been measured while the machine was busy: so often it is measured again. */
const DOUBT_EVERY_MS = 60_000;

class Doubts {
  #lastMs = Number.NEGATIVE_INFINITY;

  isDue(isDoubtful: boolean): boolean {
    const now = systemClock.monotonicMs();
    if (!isDoubtful || now - this.#lastMs < DOUBT_EVERY_MS) return false;
    this.#lastMs = now;
    return true;
  }
}

/** The largest number left that the present lease is enough for; that of the lease where nothing is known at all. */
async function nextCount(lease: CpuLease, left: ReadonlySet<number>, isFirst: boolean): Promise<number | undefined> {
  (await lease.begin())();
  return [...left].find((threads) => threads <= lease.threads) ?? (isFirst ? lease.threads : undefined);
}

/** The lease became smaller than the number of threads that were measured, or somebody asked for something. */
class MeasuringInterrupted extends Error {}

async function interruptible(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MeasuringInterrupted)) throw error;
  }
}

type InTurn = NonNullable<MeasureOptions["inTurn"]>;
type MeasuringParts = Pick<KnowCostsParts, "engine" | "lease">;

function turnsWith(parts: MeasuringParts, costs: CostsByThreads, threads: number): InTurn {
  return async (work) => {
    const end = await parts.lease.begin();
    return await withThreads(parts, costs, { threads, end, work });
  };
}

function spareTurnsWith(parts: MeasuringParts, costs: CostsByThreads, threads: number): InTurn {
  return async (work) => {
    const end = parts.lease.tryBegin(threads);
    if (end === undefined) throw new MeasuringInterrupted();
    return await withThreads(parts, costs, { threads, end, work });
  };
}

async function withThreads<T>(
  { engine, lease }: MeasuringParts,
  costs: CostsByThreads,
  turn: { readonly threads: number; readonly end: () => void; readonly work: () => Promise<T> },
): Promise<T> {
  try {
    if (lease.threads < turn.threads) throw new MeasuringInterrupted();
    engine.setThreads(turn.threads);
    return await turn.work();
  } finally {
    engine.setThreads(Math.min(lease.threads, costs.threads));
    turn.end();
  }
}

/** The tables of this worker, with their files. */
async function openBook({ engine, options, logger, onKnown }: KnowCostsParts) {
  const counts = options.leases?.counts ?? [options.threads];
  const fileOf = (threads: number) => stepCostFile(cacheFolder(), options.modelPath, { ...engine.costKey, threads });
  const store = async (threads: number, points: readonly CostPoint[]) => {
    // A read-only home costs the measurement at each start, no more.
    await writeCacheFile(await fileOf(threads), points).catch((error: unknown) =>
      logger.warn({ err: error }, "step costs not stored"),
    );
  };
  const costs = new CostsByThreads({
    threads: options.threads,
    onThreads: (threads) => {
      engine.setThreads(threads);
      logger.debug({ threads }, "threads that steps are made with");
    },
    onCorrected: (threads, corrected) => {
      logger.info({ threads, stepCosts: byTokens(corrected) }, "step costs, ms, corrected by live steps");
      onKnown(threads, corrected);
      void store(threads, corrected);
    },
  });
  const known = new Set<number>();
  const know = (threads: number, points: readonly CostPoint[]) => {
    known.add(threads);
    costs.know(threads, points);
    onKnown(threads, points);
    logger.debug({ threads, stepCosts: byTokens(points) }, "step costs, ms");
  };
  const readStored = async (threads: number): Promise<readonly CostPoint[] | undefined> => {
    if (options.stepCosts !== "cached") return undefined;
    const stored = await readStepCosts(await fileOf(threads));
    if (stored !== undefined) know(threads, stored);
    return stored;
  };
  for (const threads of counts) await readStored(threads);
  const measure = async (threads: number, how: MeasureOptions) => {
    const points = await measureStepCosts(engine, systemClock, how);
    if (points === undefined) return;
    know(threads, points);
    await store(threads, points);
  };
  return {
    counts,
    costs,
    measure,
    isEmpty: () => known.size === 0,
    /** By a look where the table was stored. */
    know: async (threads: number, how: MeasureOptions) => {
      // Workers that start together measure one after the other: what the first one has stored meanwhile, the others need not.
      const stored = costs.measured(threads) ?? (await readStored(threads));
      if (stored !== undefined) {
        // With fewer CPUs than there are, others compute: a look would see them, and they would wait for it.
        if (threads !== counts[0]) return;
        const file = await fileOf(threads);
        if (await isFresh(file, systemClock)) return;
        if (costsHold(stored, await lookAtStepCosts(engine, systemClock, how))) return await refresh(file, systemClock);
        logger.info({ threads, stepCosts: byTokens(stored) }, "the stored step costs do not hold: measuring anew");
      }
      await measure(threads, { ...how, mostMs: LONGEST_MEASURING_MS });
      // Without any table a worker can't plan; all else can wait until it is idle.
      if (known.size === 0) await measure(threads, { ...how, isRough: true });
    },
  };
}

function byTokens(points: readonly CostPoint[]): Readonly<Record<string, number>> {
  return Object.fromEntries(points.map(({ tokens, ms }) => [tokens, ms]));
}
