import type { Clock } from "@drover/foundation/clock";
import type { RequestReport } from "@drover/contract/request-report";

/** A report, and when it came. */
export interface Reported {
  readonly report: RequestReport;
  readonly atMs: number;
}

interface Expected {
  readonly upstream: string;
  readonly settle: (reported: Reported | undefined) => void;
}

/** A worker whose client has left ends the generation after its present step. */
const LONGEST_WAIT_MS = 2000;

/** Reports that came before the end of their response was seen. */
const MOST_EARLY = 1024;

/** Brings together the end of a request and what its worker reports of it: they come by two channels, in either order. */
export class RequestReports {
  readonly #clock: Pick<Clock, "after" | "monotonicMs">;
  readonly #expected = new Map<string, Expected>();
  readonly #early = new Map<string, Reported & { readonly upstream: string }>();

  constructor(clock: Pick<Clock, "after" | "monotonicMs">) {
    this.#clock = clock;
  }

  /** Of an attempt that another one has replaced, nobody wants the report. */
  receive(upstream: string, report: RequestReport): void {
    const reported = { report, atMs: this.#clock.monotonicMs() };
    const expected = this.#expected.get(report.call);
    if (expected?.upstream === upstream) return expected.settle(reported);
    this.#early.set(report.call, { upstream, ...reported });
    if (this.#early.size <= MOST_EARLY) return;
    for (const oldest of this.#early.keys()) {
      this.#early.delete(oldest);
      break;
    }
  }

  /** Calls `done` once: with the report, or with undefined when it does not come soon. */
  expect(call: string, upstream: string, done: (reported: Reported | undefined) => void): void {
    const early = this.#early.get(call);
    this.#early.delete(call);
    if (early?.upstream === upstream) return done(early);
    const settle = (reported: Reported | undefined): void => {
      stopTimer();
      this.#expected.delete(call);
      done(reported);
    };
    const stopTimer = this.#clock.after(LONGEST_WAIT_MS, () => settle(undefined));
    this.#expected.set(call, { upstream, settle });
  }

  /** None will come any more. */
  close(): void {
    for (const { settle } of this.#expected.values()) settle(undefined);
  }
}
