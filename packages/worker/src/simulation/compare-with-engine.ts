/**
 * Compares the simulator's prediction with the real engine in one run: runs the same closed loop of questions through the real slot pool on
 * the real engine and through the simulator, and prints both. The simulator's steps take what they usually took just before and just after
 * the engine's run: what a machine's best step takes is no prediction of a thousand of them. Two more lines tell
 * what the step costs allow over ten minutes: with the scheduler as it is, and where running responses may pause for as long as prompts wait.
 *
 *     node packages/worker/dist/simulation/compare-with-engine.js MODEL.gguf [THREADS] [USERS,…] [RESPONSES]
 */
import { completeSettings } from "../worker-options.ts";
import { availableParallelism } from "node:os";
import { systemClock } from "@drover/foundation/clock";
import { measureStepCosts } from "../step-costs/measure-step-costs.ts";
import { type CostPoint, createStepCosts } from "@drover/contract/step-costs";
import type { Engine } from "../engine/engine.ts";
import { loadLlamaEngine } from "../engine/llama-engine.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { closedLoop, questions } from "./load.ts";
import type { RecordedMachine } from "./recorded-machines.ts";
import { runUsers, type SimulatedResponse, simulate } from "./simulate.ts";

const SLOTS = 24;
const CONTEXT_TOKENS = 1024;
const LONGEST_PAUSE_MS = 1500;
const LONG_RUN_MS = 600_000;
/** Those of the questions: between two multiples of 16 a token costs up to a tenth more than straight lines say. */
const PROMPT_SIZES = [32, 33, 48, 49, 52, 56, 60, 64, 65, 68, 80];
/** What attention takes is measured by a step of so many sequences, each with so many tokens before. */
const [ATTENDING, ATTENDED_TOKENS] = [8, 256];
const ATTENTION_PASSES = 7;

const [modelPath, threads = String(availableParallelism()), users = "1,4,8,16", responses = "24"] =
  process.argv.slice(2);
if (modelPath === undefined) {
  process.stderr.write("usage: compare-with-engine MODEL.gguf [THREADS] [USERS,…] [RESPONSES]\n");
  process.exit(2);
}

const engine = await loadLlamaEngine({
  modelPath,
  threads: Number(threads),
  slots: SLOTS,
  contextTokens: CONTEXT_TOKENS,
  batchTokens: 512,
  flashAttention: "auto",
  kvType: "f16",
  embeddings: false,
  onProgress: () => {},
  onWarning: () => {},
});
let before = await measureUsualCosts();
for (const count of users.split(",").map(Number)) {
  const real = await onEngine(engine, before, count);
  print(count, "engine", real.figures);
  const { overheadMs, durationMs } = real;
  const after = await measureUsualCosts();
  const points = before.map(({ tokens, ms }, index) => ({ tokens, ms: (ms + (after[index]?.ms ?? ms)) / 2 }));
  before = after;
  const attentionMs = await measureAttention();
  say(`${count} users, between two decodes: ${overheadMs.toFixed(1)} ms (sampling and all else)`);
  say(`attention: ${(attentionMs / 1000).toFixed(1)} ms for 1,000 tokens of all sequences in a step of decoding`);
  const costs = createStepCosts(points.map((point) => withoutAttention(point, attentionMs)));
  const machine = { name: "this one", costs, attentionMs, overheadMs, moveMs: 20 };
  print(count, "simulator", await onSimulator(machine, count, durationMs));
  print(count, "10 minutes", await onSimulator(machine, count, LONG_RUN_MS));
  print(count, "any pause", await onSimulator(machine, count, LONG_RUN_MS, LONG_RUN_MS));
}
process.exit(0);

/** With nothing in the sequences. */
async function measureUsualCosts(): Promise<readonly CostPoint[]> {
  clear();
  const points = await measureStepCosts(engine, systemClock, { statistic: medianOf, promptSizes: PROMPT_SIZES });
  if (points === undefined) throw new Error("the step costs could not be measured");
  say(`ms a step, by tokens: ${points.map(({ tokens, ms }) => `${tokens}: ${ms}`).join(", ")}`);
  return points;
}

/** @returns ms for a million pairs of a token and one before it */
async function measureAttention(): Promise<number> {
  const times = { empty: [] as number[], held: [] as number[] };
  const sequences = Array.from({ length: ATTENDING }, (_, sequence) => sequence);
  for (let pass = 0; pass < ATTENTION_PASSES; pass++) {
    clear();
    times.empty.push(await timeStep(sequences, 0));
    for (const sequence of sequences) await engine.decode([partOf(sequence, 0, ATTENDED_TOKENS)]);
    // The first step after a prompt finds cold caches.
    await timeStep(sequences, ATTENDED_TOKENS);
    times.held.push(await timeStep(sequences, ATTENDED_TOKENS));
  }
  clear();
  const moreMs = Math.max(0, medianOf(times.held) - medianOf(times.empty));
  return (moreMs / (ATTENDING * ATTENDED_TOKENS)) * 1e6;
}

async function timeStep(sequences: readonly number[], position: number): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await engine.decode(sequences.map((sequence) => partOf(sequence, position, 1)));
  const tookMs = systemClock.monotonicMs() - startMs;
  for (const sequence of sequences) engine.cut(sequence, position);
  return tookMs;
}

function partOf(sequence: number, position: number, count: number) {
  return { sequence, position, tokens: Array.from({ length: count }, () => 0), logits: "last" as const };
}

/** A piece of a prompt was measured with the attention between its tokens, which the simulator adds. */
function withoutAttention({ tokens, ms }: CostPoint, attentionMs: number): CostPoint {
  return tokens <= SLOTS ? { tokens, ms } : { tokens, ms: ms - (attentionMs * tokens ** 2) / 2e6 };
}

function medianOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}

function clear(): void {
  for (let sequence = 0; sequence < SLOTS; sequence++) engine.cut(sequence, 0);
}

async function onEngine(engine: Engine, points: readonly CostPoint[], count: number) {
  clear();
  const costs = createStepCosts(points);
  const pool = new SlotPool({
    engine,
    clock: systemClock,
    costs,
    settings: completeSettings({ longestPauseMs: LONGEST_PAUSE_MS }),
  });
  const seen: SimulatedResponse[] = [];
  const wanted = count + Number(responses);
  const startMs = systemClock.monotonicMs();
  const nowMs = () => systemClock.monotonicMs() - startMs;
  let ended = 0;
  let durationMs = 0;
  const next = questions(count);
  // All leave before the next pool computes on this engine.
  const ask = () => {
    if (ended >= wanted) return undefined;
    const { prompt, outputTokens } = next();
    return { prompt: prompt.map((token) => token % engine.model.vocabularySize), outputTokens };
  };
  const onEnded = () => {
    ended += 1;
    if (ended === wanted) durationMs = nowMs();
  };
  await runUsers(closedLoop(count, ask), { nowMs, until: () => Promise.resolve(), pool, responses: seen, onEnded });
  await pool.whenIdle();
  const inTime = seen.filter(({ endMs = Number.POSITIVE_INFINITY }) => endMs <= durationMs);
  const { total, betweenMs } = pool.facts()["steps"] as { total: number; betweenMs: number };
  return { durationMs, overheadMs: betweenMs / total, figures: figuresOf(inTime, warmUpMs(seen, count), durationMs) };
}

async function onSimulator(
  machine: RecordedMachine,
  count: number,
  durationMs: number,
  longestPauseMs = LONGEST_PAUSE_MS,
): Promise<Figures> {
  const users = closedLoop(count, questions(count));
  const limits = { slots: SLOTS, durationMs, contextTokens: CONTEXT_TOKENS, longestPauseMs };
  const seen = await simulate({ machine, users, ...limits });
  return figuresOf(seen, warmUpMs(seen, count), durationMs);
}

/** Until every user's first response has ended. */
function warmUpMs(seen: readonly SimulatedResponse[], count: number): number {
  return Math.max(...seen.slice(0, count).map(({ endMs = 0 }) => endMs));
}

function print(users: number, side: string, figures: Figures): void {
  const { requestsPerSecond, ttftMs, meanResponseMs, longestPauseMs } = figures;
  const times = `TTFT ${Math.round(ttftMs.p50)}/${Math.round(ttftMs.p95)} ms, mean response ${Math.round(meanResponseMs)} ms`;
  const rest = `${times}, longest pause ${Math.round(longestPauseMs)} ms`;
  say(`${users} users, ${side.padEnd(10)}: ${requestsPerSecond.toFixed(3)} requests/s, ${rest}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
