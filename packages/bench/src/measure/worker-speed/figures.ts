import { median } from "../../statistics/median.ts";

/** One printed line: what was measured in each round, and what it has to be. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly atLeast?: number;
  readonly atMost?: number;
}

/**
 * The ratio of two series: the median of the rounds' ratios, and the ratio of the best rounds. What else the machine
 * does can only slow a round down, so the best ones are the nearest to the truth on a busy machine.
 */
export function ratios(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  limit: { readonly atLeast?: number },
): readonly Figure[] {
  const rounds = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  const best = Math.max(...ours) / Math.max(...theirs);
  return [
    { name, unit: "x", rounds, ...limit },
    { name: `${name}, best rounds`, unit: "x", rounds: [best] },
  ];
}

/**
 * The most that any loop can gain over the stock ones: those fall into steps of `count - 1` sequences and 1 (the library's dispatch
 * starts on whatever is queued), where one decode takes all. Nothing without the costs of these steps.
 * @param costs of a step in milliseconds, by its sequences, measured in the same run
 */
export function kernelLimit(count: number, costs: Readonly<Record<string, number>>): readonly Figure[] {
  const [most, one, all] = [costs[count - 1], costs[1], costs[count]];
  if (most === undefined || one === undefined || all === undefined) return [];
  const name = `${count} streams, most that one decode a step can gain here`;
  return [{ name, unit: "x", rounds: [(most + one) / all] }];
}

/**
 * The most that padding and cutting can gain over one decode of `count` neighbouring sequences: its cost over that of the cheapest groups which
 * have room for them. Nothing without the costs of these steps.
 * @param costs as for `kernelLimit`
 * @param slots a group has at most this many sequences
 */
export function planLimit(count: number, slots: number, costs: Readonly<Record<string, number>>): readonly Figure[] {
  const cost = (tokens: number): number => costs[tokens] ?? Number.POSITIVE_INFINITY;
  const best = [0];
  for (let tokens = 1; tokens <= count; tokens++) {
    const groups = Array.from({ length: slots }, (_, index) => index + 1);
    best[tokens] = Math.min(...groups.map((group) => cost(group) + (best[Math.max(0, tokens - group)] ?? 0)));
  }
  const gain = cost(count) / (best[count] ?? 0);
  return Number.isFinite(gain)
    ? [{ name: `${count} streams, most that padding and cutting can gain here`, unit: "x", rounds: [gain] }]
    : [];
}

/** `name   1.71 x   (1.64 … 1.80, 3 rounds)   at least 1.55: met` */
export function figureLine({ name, unit, rounds, atLeast, atMost }: Figure): string {
  const middle = median(rounds);
  const range = `   (${digits(Math.min(...rounds))} … ${digits(Math.max(...rounds))}, ${rounds.length} rounds)`;
  const spread = rounds.length > 1 ? range : "";
  const limit =
    atLeast !== undefined
      ? verdict(middle >= atLeast, `at least ${atLeast}`)
      : atMost !== undefined
        ? verdict(middle <= atMost, `at most ${atMost}`)
        : "";
  return `${name.padEnd(62)} ${digits(middle)} ${unit}${spread}${limit}`;
}

function verdict(met: boolean, text: string): string {
  return `   ${text}: ${met ? "met" : "MISSED"}`;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
