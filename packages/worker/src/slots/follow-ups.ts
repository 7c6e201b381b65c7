import type { Clock } from "@drover/foundation/clock";

/** Everybody's next step is held up for at most this share of what it takes, and for no longer than the second. */
const WAIT_SHARE = 0.1;
const MOST_WAIT_MS = 20;

/** So much of the estimate is the last response's. */
const SMOOTHING = 0.2;

/** It is waited where at least this share of the latest responses was followed in time. */
const LEAST_ODDS = 0.5;

/**
 * A client that asks again as soon as it has its response (a batch job, an agent) needs some milliseconds for it, and
 * would miss the next step by them: its slot stays empty for that step, and it waits for the step's end. So where the latest responses were
 * followed by another request in time, the step behind a response's end is held up for that moment. Where people read what they got, it never is.
 * Source: anticipatory scheduling (Iyer and Druschel, 2001), which does the same for disks.
 */
export class FollowUps {
  readonly #clock: Pick<Clock, "after" | "monotonicMs">;
  /** Until when the responses that have ended can be followed in time, in the order of their ends. */
  #open: number[] = [];
  #odds = 0;
  #endWait: (() => void) | undefined;

  constructor(clock: Pick<Clock, "after" | "monotonicMs">) {
    this.#clock = clock;
  }

  /** A response has ended in a step that took so long. */
  ended(stepMs: number): void {
    this.#open.push(this.#clock.monotonicMs() + Math.min(MOST_WAIT_MS, WAIT_SHARE * stepMs));
  }

  /** A request has come. */
  arrived(): void {
    this.#forgetLate();
    if (this.#open.shift() === undefined) return;
    this.#learn(1);
    if (this.#open.length === 0) this.#endWait?.();
  }

  /** Resolves when each response that has ended was followed, or when that would be too late; at once where it is not to be expected. */
  async wait(): Promise<void> {
    this.#forgetLate();
    const untilMs = this.#open.at(-1);
    if (untilMs === undefined || this.#odds < LEAST_ODDS) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(untilMs - this.#clock.monotonicMs(), resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
    this.#endWait = undefined;
  }

  #forgetLate(): void {
    const now = this.#clock.monotonicMs();
    while ((this.#open[0] ?? Number.POSITIVE_INFINITY) < now) {
      this.#open.shift();
      this.#learn(0);
    }
  }

  #learn(followed: 0 | 1): void {
    this.#odds += SMOOTHING * (followed - this.#odds);
  }
}
