import type { CpuNeed } from "@drover/contract/ipc";
import type { Cpu } from "../placement/topology.ts";
import { divideCpus, type Holder } from "./divide-cpus.ts";

/** What a worker is told: compute on these CPUs, and no others. */
export interface IssuedLease {
  readonly holder: string;
  readonly cpus: readonly number[];
  readonly epoch: number;
}

interface Entry {
  readonly id: string;
  readonly home: readonly number[];
  need: CpuNeed;
  since: number;
  ordered: readonly number[];
  epoch: number;
  /** All that it may be computing on: the latest order, and what it has not confirmed to have given back. */
  held: ReadonlySet<number>;
}

/**
 * Who holds which CPUs of a domain. A CPU is in `held` of one holder at most: it enters there only while it is in
 * nobody's, and leaves when that one has confirmed a smaller order, or when its process has ended. Pure: what is
 * to be told to whom is returned.
 */
export class LeaseBook {
  #cpus: readonly Cpu[];
  readonly #entries = new Map<string, Entry>();

  constructor(cpus: readonly Cpu[]) {
    this.#cpus = cpus;
  }

  get holders(): readonly Holder[] {
    return [...this.#entries.values()];
  }

  /** A process has started; it reads no model yet. */
  join(id: string, home: readonly number[], now: number): void {
    this.#entries.set(id, { id, home, need: "none", since: now, ordered: [], epoch: 0, held: new Set() });
  }

  /** A process has ended, whatever it held. */
  leave(id: string): void {
    this.#entries.delete(id);
  }

  needs(id: string, need: CpuNeed, now: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.need === "none" || entry.need === "loading") entry.since = now;
    entry.need = need;
  }

  /** It obeys the order of this epoch; an earlier one than the latest says nothing. */
  confirms(id: string, epoch: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.epoch === epoch) entry.held = new Set(entry.ordered);
  }

  /** Other CPUs may be used from now on. Those that are gone are given back as any others. */
  use(cpus: readonly Cpu[]): void {
    this.#cpus = cpus;
  }

  /** CPUs that it may compute on by its latest order; empty for an unknown one. */
  cpusOf(id: string): readonly number[] {
    return this.#entries.get(id)?.ordered ?? [];
  }

  /** All that it may still be computing on. */
  heldBy(id: string): ReadonlySet<number> {
    return this.#entries.get(id)?.held ?? new Set();
  }

  /**
   * The orders that bring everyone nearer to what the present needs ask for. Whoever waits for a CPU that another one
   * still holds gets it by a later call, after that one has confirmed.
   * @param preferred who gets all CPUs while nobody needs any
   */
  settle(now: number, preferred: string | undefined): readonly IssuedLease[] {
    const targets = divideCpus(this.#cpus, [...this.#entries.values()], { now, preferred });
    const entries = [...this.#entries.values()];
    const taken = new Set(entries.flatMap(({ held }) => [...held]));
    return entries.flatMap((entry) => {
      const target = targets.get(entry.id) ?? [];
      const possible = target.filter((cpu) => entry.held.has(cpu) || !taken.has(cpu));
      if (sameCpus(possible, entry.ordered)) return [];
      if (entry.ordered.length === 0 || possible.length === 0) entry.since = now;
      entry.ordered = possible;
      entry.epoch += 1;
      entry.held = new Set([...entry.held, ...possible]);
      for (const cpu of possible) taken.add(cpu);
      return [{ holder: entry.id, cpus: possible, epoch: entry.epoch }];
    });
  }
}

function sameCpus(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((cpu, index) => cpu === b[index]);
}
