import type { FleetState, UpstreamRow } from "./fleet-state.ts";

/** The fleet's figures over the time between two states; null: nothing happened that could be measured. */
export interface Sample {
  readonly atMs: number;
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number | null;
  readonly betweenTokensMs: number | null;
  readonly cpus: number;
  /** Requests that run or wait. */
  readonly requests: number;
}

/** What happened from one state to the next. */
export function sampleOf(before: FleetState, now: FleetState): Sample {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const counted = (name: string) => (now.metrics.get(name) ?? 0) - (before.metrics.get(name) ?? 0);
  const firstTokens = counted("drover_time_to_first_token_seconds_count");
  const grown = growth(before, now);
  return {
    atMs: now.atMs,
    requestsPerSecond: Math.max(0, counted("drover_requests_total")) / seconds,
    tokensPerSecond: grown.generated / seconds,
    firstTokenMs: firstTokens > 0 ? (1000 * counted("drover_time_to_first_token_seconds_sum")) / firstTokens : null,
    betweenTokensMs: grown.generated > 0 && grown.steps > 0 ? grown.stepMs / grown.steps : null,
    requests: now.slots.upstreams.reduce((sum, { active }) => sum + active, now.slots.queue.depth),
    cpus: now.console.workers.reduce((sum, { cpuPercent }) => sum + cpuPercent / 100, 0),
  };
}

interface Counted {
  readonly steps: number;
  readonly stepMs: number;
  readonly generated: number;
}

const counters = ["steps", "stepMs", "generated"] as const;

/** Over all workers; one that was started anew counts from zero. */
function growth(before: FleetState, now: FleetState): Counted {
  const earlier = new Map(before.slots.upstreams.map((upstream) => [upstream.id, countedBy(upstream)]));
  const sum = { steps: 0, stepMs: 0, generated: 0 };
  for (const upstream of now.slots.upstreams) {
    const count = countedBy(upstream);
    // Until the worker that it replaces is gone, a successor has a name of its own.
    const [last] = [upstream.id, `${upstream.id}b`]
      .flatMap((id) => earlier.get(id) ?? [])
      .filter(({ steps }) => steps <= count.steps)
      .toSorted((one, other) => other.steps - one.steps);
    for (const name of counters) sum[name] += count[name] - (last?.[name] ?? 0);
  }
  return sum;
}

function countedBy({ steps }: UpstreamRow): Counted {
  const { total = 0, decodeMs = 0, betweenMs = 0 } = steps?.steps ?? {};
  const { generated = 0 } = steps?.tokens ?? {};
  return { steps: total, stepMs: decodeMs + betweenMs, generated };
}
