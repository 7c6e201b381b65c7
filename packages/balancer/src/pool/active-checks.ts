import type { Clock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import { httpAddress, type Upstream } from "./upstream.ts";
import type { UpstreamSet } from "./upstream-set.ts";

/** How upstreams that Drover does not own are probed, as HAProxy names it. */
export interface CheckRule {
  readonly path: string;
  /** @default 2000 */
  readonly intervalMs: number;
  /** Good probes in a row that bring it back. @default 2 */
  readonly rise: number;
  /** Bad probes in a row that take it out. @default 3 */
  readonly fall: number;
  readonly timeoutMs: number;
  /** Text that a good response contains. */
  readonly bodyIncludes?: string;
}

interface Streak {
  good: number;
  bad: number;
}

/**
 * Probes every upstream that is not owned, and takes it out or brings it back after `fall` or `rise` results in a row. One that is configured `down` stays down.
 * Who was taken out before is known by the upstream itself, so that other checks may bring it back after a reload.
 * @returns what ends it
 */
export function startActiveChecks(
  upstreams: UpstreamSet,
  rule: CheckRule,
  clock: Clock,
  onChange: CheckListener,
): () => void {
  const streaks = new Map<Upstream, Streak>();
  let hasEnded = false;
  const settle = (upstream: Upstream, failure: string | undefined): void => {
    // A probe that was under way when the checks ended takes nobody out: none would be there to bring it back.
    if (hasEnded || upstreams.get(upstream.id) !== upstream) return;
    const streak = streaks.get(upstream) ?? { good: 0, bad: 0 };
    streaks.set(upstream, failure === undefined ? { good: streak.good + 1, bad: 0 } : { good: 0, bad: streak.bad + 1 });
    const next = streaks.get(upstream) ?? streak;
    if (upstream.failsChecks && next.good >= rule.rise) {
      upstreams.setDown(upstream.id, { failsChecks: false });
      onChange(upstream, true, "");
    } else if (!upstream.down && next.bad >= rule.fall) {
      upstreams.setDown(upstream.id, { failsChecks: true });
      onChange(upstream, false, failure ?? "");
    }
  };
  const probeAll = (): void => {
    for (const upstream of upstreams) {
      if (upstream.owned || upstream.isMarkedDown) continue;
      void probe(upstream, rule, clock).then((failure) => settle(upstream, failure));
    }
  };
  probeAll();
  const endProbes = clock.every(rule.intervalMs, probeAll);
  return () => {
    hasEnded = true;
    endProbes();
  };
}

/** Told when checks take an upstream out (`up` false, with the reason) or bring it back. */
export type CheckListener = (upstream: Upstream, up: boolean, reason: string) => void;

/** Undefined when the upstream is well, else why it is not. */
async function probe(upstream: Upstream, rule: CheckRule, clock: Clock): Promise<string | undefined> {
  const { path, timeoutMs } = rule;
  const headers = { "user-agent": "drover-check" };
  const result = await httpGet(httpAddress(upstream), { path, headers, timeoutMs, clock });
  return result.responded ? judge(result.status, result.body, rule) : result.reason;
}

function judge(status: number, body: string, rule: CheckRule): string | undefined {
  if (status < 200 || status >= 400) return `it responded with ${status}`;
  if (rule.bodyIncludes !== undefined && !body.includes(rule.bodyIncludes))
    return `its response lacks "${rule.bodyIncludes}"`;
  return undefined;
}
