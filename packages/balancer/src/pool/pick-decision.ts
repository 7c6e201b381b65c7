import type { PickCandidate, PickDecision, PickReason } from "@drover/contract/request-record";
import { isInService } from "../policies/availability.ts";
import type { PickState } from "../policies/policy.ts";
import type { Upstream } from "./upstream.ts";

/** More are not kept of one pick. */
const MOST_CANDIDATES = 32;

/** Describes the choice; to be called before the chosen one is held. */
export function describePick(
  chosen: Upstream,
  upstreams: readonly Upstream[],
  state: PickState,
  by: {
    readonly policy: string;
    readonly isFree: (upstream: Upstream) => boolean;
    /** Where it was not by the policy. @default what the policy went by */
    readonly why?: PickReason | undefined;
  },
): PickDecision {
  const { policy, isFree } = by;
  const candidates = upstreams
    .slice(0, MOST_CANDIDATES)
    .map((upstream) => candidateOf(upstream, state, isFree(upstream)));
  const name = nameOf(chosen);
  return { chosen: name, policy, why: by.why ?? why(name, candidates, policy), candidates };
}

function candidateOf(upstream: Upstream, state: PickState, isFree: boolean): PickCandidate {
  const cost = state.cost?.(upstream);
  return {
    upstream: nameOf(upstream),
    state: isFree ? "free" : reasonAgainst(upstream, state),
    active: upstream.conns,
    slots: upstream.maxConns,
    weight: upstream.weight,
    heldChars: state.affinity?.(upstream) ?? 0,
    ...(cost !== undefined && Number.isFinite(cost) && { costSeconds: Math.round(1000 * cost) / 1000 }),
  };
}

function reasonAgainst(upstream: Upstream, state: PickState): PickCandidate["state"] {
  if (!isInService(upstream)) return "not-ready";
  if (state.tried.get(upstream) === upstream.generation) return "tried";
  if (state.standingBy.has(upstream.id)) return "stands-by";
  return upstream.maxConns > 0 && upstream.conns >= upstream.maxConns ? "full" : "failing";
}

/** A pure function of what the candidates were. */
function why(chosen: string, candidates: readonly PickCandidate[], policy: string): PickReason {
  const free = candidates.filter(({ state }) => state === "free");
  const best = free.find(({ upstream }) => upstream === chosen);
  if (best === undefined || free.length < 2) return "no other one could take it";
  const others = free.filter((candidate) => candidate !== best);
  if (policy === "prefix") return "its estimated time is the shortest";
  if (policy !== "least_conn") return `the rule of ${policy}`;
  const equals = others.filter((other) => loadOf(other) <= loadOf(best));
  if (equals.length === 0) return "it has the fewest requests for its weight";
  if (equals.every(({ heldChars }) => heldChars < best.heldChars))
    return "it has as few requests as others, and holds the longest beginning of the prompt";
  return "its turn among those with the fewest requests";
}

function loadOf({ active, weight }: PickCandidate): number {
  return active / weight;
}

function nameOf({ worker, id }: Upstream): string {
  return worker ?? id;
}
