import { isInService, isReserved } from "../policies/availability.ts";
import { isTried, mayJoin, type PickState } from "../policies/policy.ts";
import type { Upstream } from "./upstream.ts";

type Upstreams = Iterable<Upstream>;

/** Workers that the request was not given yet, full ones too. */
export function ableWorkers(upstreams: Upstreams, state: PickState): readonly string[] {
  const able: string[] = [];
  for (const upstream of upstreams) if (upstream.owned && mayJoin(upstream, state)) able.push(upstream.id);
  return able;
}

/** The least busy worker whatever its slots, with fewer than `most` requests beside them. */
export function leastBusyWorker(upstreams: Upstreams, state: PickState, most: number): Upstream | undefined {
  let best: Upstream | undefined;
  for (const upstream of upstreams) {
    if (!mayJoin(upstream, state) || state.standingBy.has(upstream.id)) continue;
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
    if (!upstream.owned || !upstream.sharesState || upstream.conns >= 2 * upstream.maxConns) continue;
    if (!mayJoin(upstream, state) || state.standingBy.has(upstream.id)) continue;
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
  const taken = serving.filter(isReserved).length;
  if (chosen === undefined && taken < Math.max(1, serving.length - 1)) {
    const free = able.filter((upstream) => !isReserved(upstream));
    [chosen] = free.toSorted((one, other) => one.conns + one.beside - other.conns - other.beside);
    if (chosen !== undefined) chosen.aloneFor = state;
  }
  return chosen !== undefined && chosen.conns + chosen.beside === 0 ? chosen : undefined;
}
