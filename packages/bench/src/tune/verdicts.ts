import { type Interval, intervalText } from "../statistics/bootstrap.ts";
import { rank, type Standing, TIE } from "./standings.ts";

/** The result in sentences, also where it speaks against several workers. */
export function verdictsOf(standings: readonly Standing[], pick: Standing): readonly string[] {
  const others = rank(standings).filter(({ name, throughput }) => name !== pick.name && throughput !== undefined);
  return [
    `Best here: ${pick.name}, ${show(pick.throughput)} tokens/s.`,
    ...tieSentence(pick, others),
    ...workersSentence(pick, others),
  ];
}

function tieSentence(pick: Standing, others: readonly Standing[]): readonly string[] {
  const value = pick.throughput?.value ?? 0;
  const tied = others.filter(
    ({ throughput, unfit }) => unfit === undefined && Math.abs((throughput?.value ?? 0) / value - 1) <= TIE,
  );
  if (tied.length === 0) return [];
  const names = tied.map(({ name, throughput }) => `${name} (${show(throughput)})`);
  return [
    `Within ${TIE * 100}% of it, and so as good: ${names.join("; ")}. Of these, fewest changed settings, then the shorter p95, then the smaller memory decided.`,
  ];
}

function workersSentence(pick: Standing, others: readonly Standing[]): readonly string[] {
  const single = pick.candidate.workers === 1;
  const rival = others.find(({ candidate, unfit }) => unfit === undefined && (candidate.workers === 1) !== single);
  if (rival === undefined) return [];
  const less = (1 - (rival.throughput?.value ?? 0) / (pick.throughput?.value ?? 1)) * 100;
  const best = `${rival.name}: ${show(rival.throughput)} tokens/s, ${Math.abs(less).toFixed(0)}% ${less < 0 ? "more" : "less"}`;
  if (cannotTellApart(pick.throughput, rival.throughput))
    return [
      `One worker and several can't be told apart on this machine: ${best}, with overlapping intervals. Several mean that a crash interrupts only a part of the responses; one takes the least memory.`,
    ];
  return [
    single
      ? `One worker with batching wins on this machine. The best of several workers is ${best}; several still mean that a crash interrupts only a part of the responses.`
      : `Several workers win on this machine. The best single worker is ${best}.`,
  ];
}

function cannotTellApart(a: Interval | undefined, b: Interval | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (Math.abs(b.value / a.value - 1) <= TIE) return true;
  // Measured once, a figure has no interval; then only a difference beyond the usual noise of one window counts.
  if (a.low === null || a.high === null || b.low === null || b.high === null)
    return Math.abs(b.value / a.value - 1) < 0.1;
  return a.low <= b.high && b.low <= a.high;
}

function show(interval: Interval | undefined): string {
  if (interval === undefined) return "nothing";
  const text = intervalText(interval, (figure) => figure.toFixed(1));
  return interval.low === null || interval.high === null ? `${text} (measured once)` : text;
}
