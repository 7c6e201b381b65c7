import { addScraped } from "@drover/balancer/engine";
import {
  type FigureName,
  labelsOf,
  type WorkerFigure,
  workerFigures,
  type WorkerFigures,
} from "@drover/contract/worker-figures";
import { Counter, type Registry } from "prom-client";

/** One process of a worker, whatever stands for it. */
type Process = object;

/** A worker that lives, with what it sent last. */
export interface FiguredWorker {
  readonly id: string;
  readonly figures: WorkerFigures;
}

/**
 * What workers send with their heartbeats. Each process counts from 0; here only the growth is added, so that a counter of a worker goes on
 * when another process replaces it. What a process counted after its last heartbeat is lost with it.
 */
export class WorkerFigureMetrics {
  readonly #counters = new Map<FigureName, Counter>();
  readonly #last = new WeakMap<Process, Map<string, number>>();

  /** @param workers asked at each scrape, for what holds now */
  constructor(registry: Registry, workers: () => readonly FiguredWorker[]) {
    for (const name of Object.keys(workerFigures) as FigureName[]) {
      const figure: WorkerFigure = workerFigures[name];
      const { labels = [], help } = figure;
      const options = { name: figure.name, help, labelNames: ["worker", ...labels] };
      if (figure.type === "counter") this.#counters.set(name, new Counter({ ...options, registers: [registry] }));
      else
        addScraped(registry, "gauge", options, () =>
          workers().flatMap(({ id, figures }) =>
            Object.entries(figures[name] ?? {}).map(
              ([key, value]) => [{ worker: id, ...labelsOf(figure, key) }, value] as const,
            ),
          ),
        );
    }
  }

  /** A worker is there: its counters begin, so that the first event is seen as a growth. */
  begin(worker: string): void {
    for (const [name, counter] of this.#counters) {
      const figure: WorkerFigure = workerFigures[name];
      for (const key of figure.initial ?? [""]) counter.inc({ worker, ...labelsOf(figure, key) }, 0);
    }
  }

  /** A heartbeat. */
  hear(worker: string, process: Process, figures: WorkerFigures): void {
    const last = this.#last.get(process) ?? new Map<string, number>();
    this.#last.set(process, last);
    for (const [name, counter] of this.#counters) {
      for (const [key, sum] of Object.entries(figures[name] ?? {})) {
        const growth = sum - (last.get(`${name} ${key}`) ?? 0);
        if (growth <= 0) continue;
        counter.inc({ worker, ...labelsOf(workerFigures[name], key) }, growth);
        last.set(`${name} ${key}`, sum);
      }
    }
  }
}
