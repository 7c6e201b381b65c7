import type { Time } from "@drover/foundation/clock";
import { AS_MEASURED, type ExpectedStep, followSlowness, type Slowness } from "./slowness.ts";
import { openLoopCpu } from "./loop-cpu.ts";
import type { GroupPlan } from "./plan-groups.ts";

/** Figures of the batch loop: what it did, where its time went, and how far the step costs are off right now. */
export class StepMeter {
  steps = 0;
  /** Steps that holes between the decoding slots split in several groups; a cut that was planned as cheaper is none. */
  splitSteps = 0;
  /** Wall time inside llama.cpp's decode. */
  decodeMs = 0;
  /** Of the last decode. */
  lastMs = 0;
  /** Steps and the time in them, by `PHASE SIZE`, the size in tokens rounded up to a power of two. */
  readonly sizes = new Map<string, { steps: number; ms: number }>();
  /** Wall time between two decodes of a busy loop. */
  betweenMs = 0;
  /** The most CPU time of this thread in one of them: no running response waited longer for another one's token. */
  longestBetweenCpuMs = 0;
  /** Measured over expected time of steps, lately; 1 is as measured at start. */
  slowness: Slowness = AS_MEASURED;
  /** Tokens of prompts that were evaluated; those that a slot still knew are none. */
  promptTokens = 0;
  generatedTokens = 0;
  /** Drafted tokens that were verified, and those that came true. */
  drafted = 0;
  draftsHeld = 0;
  readonly #clock: Time;
  readonly #loopCpuMs = openLoopCpu();
  #lastEndMs: number | undefined;
  #lastEndCpuMs = 0;

  constructor(clock: Time) {
    this.#clock = clock;
  }

  countSplits(plan: GroupPlan): void {
    const apart = plan.groups.some(({ first }, index) => index > 0 && plan.groups[index - 1]?.last !== first - 1);
    if (apart) this.splitSteps += 1;
  }

  /** `tokens`: of all sequences in it. */
  async decode<T>(expected: ExpectedStep, tokens: number, run: () => Promise<T>): Promise<T> {
    const start = this.#clock.monotonicMs();
    if (this.#lastEndMs !== undefined) this.#countBetween(start - this.#lastEndMs);
    const result = await run();
    this.#lastEndMs = this.#clock.monotonicMs();
    this.#lastEndCpuMs = this.#loopCpuMs();
    const took = this.#lastEndMs - start;
    this.steps += 1;
    this.decodeMs += took;
    this.lastMs = took;
    this.#count(`${expected.kind} ${2 ** Math.ceil(Math.log2(tokens))}`, took);
    this.slowness = followSlowness(this.slowness, expected, took);
    return result;
  }

  #countBetween(ms: number): void {
    this.betweenMs += ms;
    this.longestBetweenCpuMs = Math.max(this.longestBetweenCpuMs, this.#loopCpuMs() - this.#lastEndCpuMs);
  }

  #count(key: string, ms: number): void {
    const known = this.sizes.get(key) ?? { steps: 0, ms: 0 };
    known.steps += 1;
    known.ms += ms;
    this.sizes.set(key, known);
  }

  /** The loop has nothing to do: the time until the next step is nobody's loss. */
  pause(): void {
    this.#lastEndMs = undefined;
  }
}
