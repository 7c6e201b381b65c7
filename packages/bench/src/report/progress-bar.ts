import { SingleBar } from "cli-progress";
import { pause, systemClock } from "@drover/foundation/clock";
import { showMs, showNumber } from "./figures.ts";
import { loadName } from "../load/load.ts";
import type { StepProgress } from "../plan/run-plan.ts";

/** Shows the step under way with live figures. On anything but a terminal it shows nothing. */
export interface ProgressBar {
  step(progress: StepProgress): void;
  stop(): void;
}

const FORMAT =
  "{bar} {phase} {load} ({step}) | {ok} ok {failed} failed | {rps} req/s {tps} tok/s | p50 {p50} p95 {p95}";
const PERIOD_MS = 500;

export function createProgressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { step: () => {}, stop: () => {} };
  const bar = new SingleBar({ format: FORMAT, stream, hideCursor: true, barsize: 20, clearOnComplete: true });
  bar.start(1, 0, { phase: "", load: "", step: "", ok: 0, failed: 0, rps: "–", tps: "–", p50: "–", p95: "–" });
  const ended = new AbortController();
  let current: StepProgress | undefined;
  const run = async () => {
    while (!ended.signal.aborted) {
      if (current !== undefined) show(bar, current, systemClock.monotonicMs());
      await pause(systemClock, PERIOD_MS, ended.signal);
    }
    bar.stop();
  };
  void run();
  return {
    step: (progress) => {
      current = progress;
    },
    stop: () => ended.abort(),
  };
}

function show(bar: SingleBar, progress: StepProgress, nowMs: number): void {
  const { recorder, startMs } = progress;
  const counts = recorder.counts(nowMs);
  const [done, total] =
    progress.responses === undefined
      ? [Math.min(nowMs, recorder.toMs) - startMs, recorder.toMs - startMs]
      : [Math.min(counts.ok + counts.failed, progress.responses), progress.responses];
  bar.setTotal(total);
  bar.update(done, {
    phase: nowMs < recorder.fromMs ? "warm-up" : "measure",
    load: loadName(progress.load),
    step: `${progress.index + 1}/${progress.steps}`,
    ok: counts.ok,
    failed: counts.failed,
    rps: showNumber(counts.requestsPerSecond),
    tps: showNumber(counts.tokensOutPerSecond),
    p50: showMs(counts.response.p50Ms),
    p95: showMs(counts.response.p95Ms),
  });
}
