import { repeat } from "../support/options.ts";
import { type Figure, kernelLimit, planLimit, ratios } from "./figures.ts";
import type { SpeedChild } from "./speed-child.ts";

interface Streams {
  readonly ms: number;
  readonly tokensPerSecond: number;
}

export interface Scenario {
  readonly name: string;
  readonly quantization: "q4_0" | "q4_k_m";
  readonly slots: number;
  readonly stock: boolean;
  /** Figures as they come: all of them take many minutes. */
  readonly measure: (child: SpeedChild, rounds: number) => AsyncIterable<Figure>;
}

/** Every figure that the worker's speed is judged by; both sides of a ratio alternate in one process. */
export const scenarios: readonly Scenario[] = [
  {
    name: "stock",
    quantization: "q4_0",
    slots: 16,
    stock: true,
    async *measure(child, rounds) {
      yield* await againstStock(child, rounds, 8, 48, { atLeast: 1.55 });
      yield* await againstStock(child, rounds, 4, 16, { atLeast: 1.7 });
      yield* await againstStock(child, rounds, 1, 12);
      yield* await againstStock(child, rounds, 3, 12);
      yield* await againstStock(child, rounds, 7, 12);
      yield* await againstStock(child, rounds, 16, 12);
    },
  },
  {
    name: "planned-q4_0",
    quantization: "q4_0",
    slots: 8,
    stock: false,
    async *measure(child, rounds) {
      yield* await againstUnplanned(child, rounds, 3, 8);
      yield* await againstUnplanned(child, rounds, 7, 8);
    },
  },
  {
    name: "planned-q4_k",
    quantization: "q4_k_m",
    slots: 16,
    stock: false,
    async *measure(child, rounds) {
      yield* await againstUnplanned(child, rounds, 8, 16);
      yield* await againstUnplanned(child, rounds, 12, 16);
    },
  },
  { name: "holes", quantization: "q4_0", slots: 8, stock: false, measure: holes },
  { name: "churn", quantization: "q4_0", slots: 8, stock: false, measure: churn },
  { name: "prompts", quantization: "q4_0", slots: 8, stock: false, measure: prompts },
  { name: "turns", quantization: "q4_0", slots: 8, stock: false, measure: turns },
];

async function againstStock(
  child: SpeedChild,
  rounds: number,
  count: number,
  tokens: number,
  limit: { readonly atLeast?: number } = {},
): Promise<readonly Figure[]> {
  const results = await repeat(rounds, async () => ({
    stock: await child.measure<Streams>("stock", { count, tokens }),
    drover: await child.measure<Streams & { readonly decodeShare: number }>("streams", {
      count,
      tokens,
      planned: true,
    }),
  }));
  const ours = results.map(({ drover }) => drover.tokensPerSecond);
  const theirs = results.map(({ stock }) => stock.tokensPerSecond);
  const share = results.map(({ drover }) => drover.decodeShare);
  const costs = await child.measure<Readonly<Record<string, number>>>("costs", {});
  return [
    figure(`${count} streams, stock loops`, "tokens/s", theirs),
    figure(`${count} streams, drover`, "tokens/s", ours),
    ...ratios(`${count} streams, drover against stock`, ours, theirs, limit),
    ...(limit.atLeast === undefined ? [] : kernelLimit(count, costs)),
    {
      ...figure(`${count} streams, share of wall time inside decode`, "", share),
      ...(count === 8 && { atLeast: 0.92 }),
    },
  ];
}

async function againstUnplanned(
  child: SpeedChild,
  rounds: number,
  count: number,
  slots: number,
): Promise<readonly Figure[]> {
  const tokens = 16;
  const results = await repeat(rounds, async () => ({
    plain: (await child.measure<Streams>("streams", { count, tokens, planned: false })).tokensPerSecond,
    planned: (await child.measure<Streams>("streams", { count, tokens, planned: true })).tokensPerSecond,
  }));
  const plain = results.map((each) => each.plain);
  const planned = results.map((each) => each.planned);
  const costs = await child.measure<Readonly<Record<string, number>>>("costs", {});
  return [
    figure(`${count} streams, loop without plans`, "tokens/s", plain),
    figure(`${count} streams, planned`, "tokens/s", planned),
    ...ratios(`${count} streams, planned against not`, planned, plain, { atLeast: 1.2 }),
    ...planLimit(count, slots, costs),
  ];
}

async function* holes(child: SpeedChild, rounds: number): AsyncGenerator<Figure> {
  const tokens = 32;
  const results = await repeat(rounds, async () => ({
    together: (await child.measure<Streams>("streams", { count: 4, tokens, planned: true })).tokensPerSecond,
    apart: (await child.measure<Streams>("holes", { tokens, planned: true })).tokensPerSecond,
    plain: (await child.measure<Streams>("holes", { tokens, planned: false })).tokensPerSecond,
  }));
  const together = results.map((each) => each.together);
  const apart = results.map((each) => each.apart);
  const column = columnsOf(results);
  yield* [
    figure("4 neighbouring of 8 slots", "tokens/s", together),
    column("every second of 8 slots, without plans", "tokens/s", (each) => each.plain),
    figure("every second of 8 slots, planned", "tokens/s", apart),
    ...ratios("every second of 8 slots against 4 neighbouring ones", apart, together, { atLeast: 0.9 }),
  ];
}

interface Churn {
  readonly splitShare: number;
  readonly tokensPerSecond: number;
}

async function* churn(child: SpeedChild): AsyncGenerator<Figure> {
  const options = { users: 5, ms: 60_000 };
  const before = await child.measure<Churn>("churn", { ...options, planned: false });
  const after = await child.measure<Churn>("churn", { ...options, planned: true });
  yield* [
    figure("5 users of very different lengths, 60 s: split steps before", "of all", [before.splitShare]),
    figure("5 users of very different lengths, 60 s: split steps after", "of all", [after.splitShare]),
    figure("5 users of very different lengths, 60 s: before", "tokens/s", [before.tokensPerSecond]),
    figure("5 users of very different lengths, 60 s: after", "tokens/s", [after.tokensPerSecond]),
  ];
}

async function* prompts(child: SpeedChild, rounds: number): AsyncGenerator<Figure> {
  const results = await repeat(rounds, () =>
    child.measure<{ readonly p50: number; readonly p95: number; readonly ratio: number; readonly ttftMs: number }>(
      "disturbed",
      { count: 4, promptTokens: 1500, tokens: 24 },
    ),
  );
  const column = columnsOf(results);
  yield* [
    column("4 streams alone: p50 between tokens", "ms", ({ p50 }) => p50),
    column("4 streams while 1,500 prompt tokens come in: p95", "ms", ({ p95 }) => p95),
    column("that prompt's time to first token", "ms", ({ ttftMs }) => ttftMs),
    { ...column("p95 against undisturbed p50", "x", ({ ratio }) => ratio), atMost: 2.5 },
  ];
}

async function* turns(child: SpeedChild, rounds: number): AsyncGenerator<Figure> {
  const results = await repeat(rounds, () =>
    child.measure<{ readonly warmMs: number; readonly coldMs: number; readonly ratio: number }>("turns", {
      turns: 8,
      tokens: 1000,
    }),
  );
  const column = columnsOf(results);
  yield* [
    column("turn 8 of a chat, 1,000 tokens: time to first token", "ms", ({ warmMs }) => warmMs),
    column("the same prompt cold", "ms", ({ coldMs }) => coldMs),
    { ...column("turn 8 against cold", "x", ({ ratio }) => ratio), atMost: 0.15 },
  ];
}

function figure(name: string, unit: string, rounds: readonly number[]): Figure {
  return { name, unit, rounds };
}

/** Makes a figure of one value of each round's result. */
function columnsOf<T>(results: readonly T[]) {
  return (name: string, unit: string, read: (result: T) => number) => figure(name, unit, results.map(read));
}
