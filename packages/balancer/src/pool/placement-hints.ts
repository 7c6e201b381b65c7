import { MovingAverage } from "@drover/foundation/moving-average";
import { estimateCostSeconds } from "./estimate-cost.ts";
import { type Holder, type PrefixChain, prefixChain, SeenPrefixes } from "./seen-prefixes.ts";
import type { PickRequest } from "./pick-state.ts";
import type { UpstreamPool } from "./upstream-pool.ts";
import type { Upstream } from "./upstream.ts";

/** What the balancer knows of one request's text. */
export interface Hints extends Pick<PickRequest, "affinity" | "cost"> {
  /** The request was given to this upstream. */
  onPicked(upstream: Upstream): void;
  /** Its response's head came after this long. */
  onFirstByte(upstream: Upstream, ms: number): void;
}

/** The workers that read each other's snapshots. */
const sharing: Holder = { generation: 0 };

const noHints: Hints = { onPicked: () => undefined, onFirstByte: () => undefined };

/** Remembers which worker has seen which text, and how fast each reads. */
export class PlacementHints {
  readonly #seen = new SeenPrefixes();
  readonly #speeds = new WeakMap<Upstream, MovingAverage>();

  /** Nothing where only one worker could be chosen, or the body is no prompt. What other owners' requests have left is no hint. */
  of(path: string, body: Buffer, pool: UpstreamPool, owner = ""): Hints {
    if (!pool.members.ownsSeveral) return noHints;
    const chain = prefixChain(path, body, owner);
    if (chain === undefined) return noHints;
    const held = new Map<Upstream, number>();
    return {
      affinity: (upstream) => (upstream.owned ? this.#seen.held(upstream, chain) : 0),
      cost: (upstream) => this.#cost(upstream, chain),
      onPicked: (upstream) => {
        held.set(upstream, this.#held(upstream, chain));
        this.#seen.remember(upstream, chain);
      },
      onFirstByte: (upstream, ms) => {
        if (upstream.sharesState) this.#seen.remember(sharing, chain);
        const uncached = chain.chars - (held.get(upstream) ?? 0);
        if (uncached > 0) this.#speedOf(upstream).add(ms / uncached);
      },
    };
  }

  /** Characters that it need not read: those which others have read as well, where it has their snapshots. */
  #held(upstream: Upstream, chain: PrefixChain): number {
    const shared = upstream.sharesState ? this.#seen.held(sharing, chain) : 0;
    return Math.max(shared, this.#seen.held(upstream, chain));
  }

  #cost(upstream: Upstream, chain: PrefixChain): number {
    return estimateCostSeconds({
      uncachedChars: chain.chars - this.#held(upstream, chain),
      msPerChar: this.#speedOf(upstream).value,
      active: upstream.conns,
      meanServiceMs:
        upstream.requests === upstream.conns ? undefined : upstream.busyMs / (upstream.requests - upstream.conns),
    });
  }

  #speedOf(upstream: Upstream): MovingAverage {
    const known = this.#speeds.get(upstream);
    if (known !== undefined) return known;
    const made = new MovingAverage(0.2);
    this.#speeds.set(upstream, made);
    return made;
  }
}
