import type { CostPoint } from "@drover/contract/step-costs";
import { type CostTables, followPlan, type LoadStep, planLoad } from "./plan-load.ts";

/** A worker that could take a request. */
export interface AbleWorker {
  readonly upstream: string;
  /** Its process. */
  readonly id: string;
  /** Those who share CPUs have the same. */
  readonly domain: object;
  /** Of the domain. */
  readonly cpus: number;
}

/**
 * Which workers compute and which stand by, by the requests in flight. The workers have an order, by when they came ready:
 * the first ones compute, so that a worker that comes back does not draw the load to itself.
 */
export class LoadFollower {
  readonly #tables = new Map<number, readonly CostPoint[]>();
  readonly #order: string[] = [];
  readonly #plans = new Map<string, readonly LoadStep[]>();
  #slots = 0;
  #computing = 1;

  get tables(): CostTables {
    return this.#tables;
  }

  know(threads: number, points: readonly CostPoint[]): void {
    this.#tables.set(threads, points);
    this.#plans.clear();
  }

  comesReady(id: string, slots: number): void {
    if (slots !== this.#slots) this.#plans.clear();
    this.#slots = slots;
    if (!this.#order.includes(id)) this.#order.push(id);
  }

  forget(id: string): void {
    const at = this.#order.indexOf(id);
    if (at >= 0) this.#order.splice(at, 1);
  }

  /** The first of these in the order. */
  first(ids: readonly string[]): string | undefined {
    return this.#order.find((id) => ids.includes(id));
  }

  /** The names of those that stand by. */
  standBy(able: readonly AbleWorker[], inFlight: number): ReadonlySet<string> {
    if (able.length < 2) return new Set();
    const ranked = this.#ranked(able);
    this.#computing = followPlan(this.#planFor(able), this.#computing, inFlight);
    return new Set(ranked.slice(this.#computing).map(({ upstream }) => upstream));
  }

  /** One of each domain first, then the second ones. */
  #ranked(able: readonly AbleWorker[]): readonly AbleWorker[] {
    const inOrder = able.toSorted((a, b) => this.#order.indexOf(a.id) - this.#order.indexOf(b.id));
    const place = ({ id, domain }: AbleWorker) =>
      inOrder.filter((other) => other.domain === domain).findIndex((other) => other.id === id);
    return inOrder.toSorted((a, b) => place(a) - place(b));
  }

  #planFor(able: readonly AbleWorker[]): readonly LoadStep[] {
    const domains = new Map<object, { readonly cpus: number; readonly workers: number }>();
    for (const { domain, cpus } of able)
      domains.set(domain, { cpus, workers: (domains.get(domain)?.workers ?? 0) + 1 });
    const key = JSON.stringify([...domains.values()]);
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = planLoad({ tables: this.#tables, domains: [...domains.values()], slots: this.#slots });
    this.#plans.set(key, plan);
    return plan;
  }
}
