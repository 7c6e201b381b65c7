import { Counter, Gauge, type Registry } from "prom-client";

/** One value of a metric, and the labels that tell it from the others. */
export type Sample = readonly [labels: Record<string, string>, value: number];

/** Adds a metric that is read at each scrape rather than counted: what is not read any more is not there any more. */
export function addScraped(
  registry: Registry,
  kind: "counter" | "gauge",
  {
    name,
    help,
    labelNames = [],
  }: { readonly name: string; readonly help: string; readonly labelNames?: readonly string[] },
  read: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  const made: Counter | Gauge = new (kind === "counter" ? Counter : Gauge)({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const samples = await read();
      made.reset();
      for (const [labels, value] of samples) made.inc(labels, value);
    },
  });
}
