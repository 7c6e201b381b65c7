import type { CpuNeed } from "@drover/contract/ipc";
import type { Cpu } from "../placement/topology.ts";
import { shareCpus } from "../placement/lease-domains.ts";

/** With more computing workers than CPUs each computes for so long before another one's turn comes. */
export const TURN_MS = 500;

/** A worker's process as the book knows it. */
export interface Holder {
  readonly id: string;
  /** CPUs that the layout gives it while everybody computes. */
  readonly home: readonly number[];
  readonly need: CpuNeed;
  /** Since when it needs CPUs and has none, or has those that it has; in milliseconds. */
  readonly since: number;
  /** The latest order. */
  readonly ordered: readonly number[];
}

/**
 * Who should have which CPUs, by what everyone needs:
 *
 * 1. A worker that reads its model gets one CPU, of its home if it can be; together they leave at least half to those that compute.
 * 2. Workers with requests share the rest evenly. With more workers than CPUs they take turns.
 * 3. A worker that measures gets all of it, one after the other, while nobody has requests; else its share.
 * 4. While nobody needs anything the preferred one has all, so that a first request finds them there.
 */
export function divideCpus(
  cpus: readonly Cpu[],
  holders: readonly Holder[],
  { now, preferred }: { readonly now: number; readonly preferred: string | undefined },
): ReadonlyMap<string, readonly number[]> {
  const targets = new Map<string, readonly number[]>();
  const computing = whoComputes(holders);
  const reading = holders.filter(({ need }) => need === "loading");
  const most = computing.length === 0 ? cpus.length : Math.floor(cpus.length / 2);
  const reserved = new Set<number>();
  for (const { id, home, ordered } of reading.slice(0, most)) {
    const cpu = cpuToRead(cpus, reserved, { home, ordered });
    if (cpu === undefined) continue;
    reserved.add(cpu);
    targets.set(id, [cpu]);
  }
  const rest = cpus.filter(({ id }) => !reserved.has(id));
  if (computing.length > 0) assign(shareCpus(rest, computing.length), inTurn(computing, rest.length, now), targets);
  else if (preferred !== undefined && holders.some(({ id, need }) => id === preferred && need === "none")) {
    targets.set(
      preferred,
      rest.map(({ id }) => id),
    );
  }
  return targets;
}

function whoComputes(holders: readonly Holder[]): readonly Holder[] {
  const measuring = holders.filter(({ need }) => need === "all");
  if (holders.some(({ need }) => need === "share")) {
    return holders.filter(({ need }) => need === "share" || need === "all");
  }
  // Who has begun goes on, else who has waited longest.
  const first = measuring.toSorted((a, b) => b.ordered.length - a.ordered.length || a.since - b.since)[0];
  return first === undefined ? [] : [first];
}

function cpuToRead(
  cpus: readonly Cpu[],
  reserved: ReadonlySet<number>,
  { home, ordered }: Pick<Holder, "home" | "ordered">,
): number | undefined {
  const free = cpus.map(({ id }) => id).filter((id) => !reserved.has(id));
  return free.find((id) => ordered.includes(id)) ?? free.findLast((id) => home.includes(id)) ?? free.at(-1);
}

/** As many of them as there are CPUs: those in the middle of their turn, then those who have waited longest. */
function inTurn(computing: readonly Holder[], count: number, now: number): readonly Holder[] {
  if (computing.length <= count) return computing;
  const place = ({ ordered, since }: Holder): number => {
    if (ordered.length === 0) return since;
    return now - since < TURN_MS ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  };
  const order = computing.toSorted((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left === right ? a.since - b.since : left - right;
  });
  return order.slice(0, count);
}

/** Each takes the share that has most of the CPUs that it holds already, then of its home. */
function assign(
  shares: readonly (readonly number[])[],
  holders: readonly Holder[],
  targets: Map<string, readonly number[]>,
): void {
  const left = [...shares];
  for (const { id, home, ordered } of holders) {
    const score = (share: readonly number[]) => common(share, ordered) * SHARE_WEIGHT + common(share, home);
    const best = left.reduce((best, share) => (score(share) > score(best) ? share : best), left[0] ?? []);
    left.splice(left.indexOf(best), 1);
    targets.set(id, best);
  }
}

function common(share: readonly number[], own: readonly number[]): number {
  return share.filter((cpu) => own.includes(cpu)).length;
}

/** What is held already counts before the home, however many CPUs that has. */
const SHARE_WEIGHT = 10_000;
