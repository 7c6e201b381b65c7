import { isInService } from "../policies/availability.ts";
import type { PickState } from "../policies/policy.ts";
import type { Upstream } from "./upstream.ts";

type Upstreams = Iterable<Upstream>;

/** The worker was given the request before, and has not been restarted since. */
function isTried(upstream: Upstream, state: PickState): boolean {
  return state.tried.get(upstream) === upstream.generation;
}

/** Workers that the request was not given yet, full ones too. */
export function ableWorkers(upstreams: Upstreams, state: PickState): readonly string[] {
  const able: string[] = [];
  for (const upstream of upstreams) {
    const isTaken = upstream.aloneFor !== undefined;
    if (upstream.owned && !isTried(upstream, state) && !isTaken && isInService(upstream)) able.push(upstream.id);
  }
  return able;
}

/** The least busy worker whatever its slots, with fewer than `most` requests beside them. */
export function leastBusyWorker(upstreams: Upstreams, state: PickState, most: number): Upstream | undefined {
  let best: Upstream | undefined;
  for (const upstream of upstreams) {
    if (!isInService(upstream) || upstream.aloneFor !== undefined || isTried(upstream, state)) continue;
    if (state.standingBy.has(upstream.id)) continue;
    if (upstream.beside < most) best = best === undefined ? upstream : lessBusy(upstream, best);
  }
  return best;
}

function lessBusy(one: Upstream, other: Upstream): Upstream {
  const more = one.beside - other.beside || one.conns - other.conns || one.requests - other.requests;
  return more < 0 ? one : other;
}

/** The least busy worker that can set requests aside for others, with at most as many requests again as it has slots. */
export function roomiestBeyondSlots(upstreams: Upstreams, state: PickState): Upstream | undefined {
  let best: Upstream | undefined;
  for (const upstream of upstreams) {
    if (!upstream.owned || !upstream.sharesState || !isInService(upstream)) continue;
    if (isTried(upstream, state) || state.standingBy.has(upstream.id)) continue;
    if (upstream.aloneFor !== undefined || upstream.conns >= 2 * upstream.maxConns) continue;
    if (best === undefined || upstream.conns * best.maxConns < best.conns * upstream.maxConns) best = upstream;
  }
  return best;
}

/**
 * A worker without any other request, for one that may crash it: so no innocent request is in two crashes. The least busy worker is
 * given no further request until it is empty; until then none is picked. Of several workers one is always left to the requests that are no suspects.
 * @param isBarred whether it may not have this worker now
 */
export function workerAlone(
  upstreams: Upstreams,
  state: PickState,
  isBarred: (upstream: Upstream) => boolean,
): Upstream | undefined {
  const serving = [...upstreams].filter(isInService);
  const able = serving.filter((upstream) => !isTried(upstream, state) && !isBarred(upstream));
  let chosen = able.find(({ aloneFor }) => aloneFor === state);
  const taken = serving.filter(({ aloneFor }) => aloneFor !== undefined).length;
  if (chosen === undefined && taken < Math.max(1, serving.length - 1)) {
    const free = able.filter(({ aloneFor }) => aloneFor === undefined);
    [chosen] = free.toSorted((one, other) => one.conns + one.beside - other.conns - other.beside);
    if (chosen !== undefined) chosen.aloneFor = state;
  }
  return chosen !== undefined && chosen.conns + chosen.beside === 0 ? chosen : undefined;
}
