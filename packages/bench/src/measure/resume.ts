// What clients notice when a worker is killed under their streams: eight streams on two workers with elastic CPUs; the one
// that computes is killed when all streams have a third of their tokens. Prints how many came complete, the longest pause
// between two tokens of those that had to move, how soon the other worker has all CPUs, and how soon both are ready again.
// usage: node packages/bench/dist/measure/resume.js [--quick] [--model FILE] [--rounds N]
import { pause, systemClock } from "@drover/foundation/clock";
import { createChatClient } from "../client/chat-client.ts";
import type { WorkerStatus } from "@drover/contract/console-state";
import { type DroverServer, startDrover } from "../servers/drover-server.ts";
import { median } from "../statistics/median.ts";
import { bin, modelPath } from "./support/drover.ts";
import { metricOf } from "./support/metric.ts";
import { quick, repeat, roundsOr } from "./support/options.ts";
import { stoppedOnInterrupt } from "./support/session.ts";
import { spread } from "./support/spread.ts";

const model = await modelPath();
const users = 8;
const tokens = quick ? 60 : 150;
const LONGEST_WAIT_MS = 60_000;
const LOOK_PERIOD_MS = 50;

async function measure(round: number) {
  const { signal } = new AbortController();
  const up = ["--model", model, "--workers", "2", "--slots", "8", "--ctx", "1024"];
  const drover = await startDrover({ bin, args: up, signal });
  const stop = stoppedOnInterrupt(() => drover.stop());
  const extra = { temperature: 0, ignore_eos: true };
  const client = createChatClient({ url: drover.url, model: "any", timeoutMs: 600_000, extra, clock: systemClock });
  const counts = Array.from({ length: users }, () => 0);
  let killed: Promise<AfterDeath> | undefined;
  const ask = async (user: number) => {
    const content = `How many cattle are behind gate ${round * users + user}? `.repeat(8);
    return await client.ask({ messages: [{ role: "user", content }], maxTokens: tokens }, signal, () => {
      counts[user] = (counts[user] ?? 0) + 1;
      if (Math.min(...counts) >= tokens / 3) killed ??= killBusiest(drover);
    });
  };
  const exchanges = await Promise.all(counts.map((_, user) => ask(user)));
  const after = await killed;
  const moved = await metricOf(drover.url, "drover_resumed_streams_total");
  await client.close();
  await stop();
  const gaps = exchanges.map(({ tokenTimesMs }) =>
    tokenTimesMs.slice(1).map((ms, index) => ms - (tokenTimesMs[index] ?? ms)),
  );
  return {
    moved,
    // By the server's count: some tokens, such as a tag of thinking, have no text of their own.
    complete: exchanges.filter(({ result }) => result.kind === "ok" && result.usage?.completionTokens === tokens)
      .length,
    // Those that moved waited the longest.
    pausesMs: gaps
      .map((each) => Math.max(...each))
      .toSorted((a, b) => b - a)
      .slice(0, moved),
    usualMs: median(gaps.flat()),
    ...after,
  };
}

interface AfterDeath {
  /** Until one worker has all CPUs; null where that does not happen in time. */
  readonly allCpusMs: number | null;
  /** Until both workers are ready again. */
  readonly bothReadyMs: number | null;
}

async function killBusiest(drover: DroverServer): Promise<AfterDeath> {
  const before = await drover.workers();
  const busiest = before.toSorted((a, b) => b.slots.busy - a.slots.busy)[0];
  if (busiest === undefined || busiest.pid === null) throw new Error("no worker has a process to kill");
  const cpus = before.reduce((sum, worker) => sum + worker.cpus.length, 0);
  process.kill(busiest.pid, "SIGKILL");
  const others = (now: readonly WorkerStatus[]) => now.filter(({ pid }) => pid !== busiest.pid);
  const startMs = systemClock.monotonicMs();
  const allCpusMs = await untilSeen(drover, startMs, (now) => others(now).some((worker) => worker.cpus.length >= cpus));
  const bothReadyMs = await untilSeen(
    drover,
    startMs,
    (now) => others(now).filter(({ state }) => state === "ready").length > 1,
  );
  return { allCpusMs, bothReadyMs };
}

/** Milliseconds from the start until the workers are seen so; null where that does not happen in time. */
async function untilSeen(
  drover: DroverServer,
  startMs: number,
  isSo: (now: readonly WorkerStatus[]) => boolean,
): Promise<number | null> {
  while (systemClock.monotonicMs() - startMs < LONGEST_WAIT_MS) {
    if (isSo(await drover.workers())) return systemClock.monotonicMs() - startMs;
    await pause(systemClock, LOOK_PERIOD_MS);
  }
  return null;
}

const rounds = await repeat(roundsOr(5), measure);
const sum = (of: (round: (typeof rounds)[number]) => number) => rounds.reduce((total, one) => total + of(one), 0);
console.log(
  `streams: ${sum((one) => one.complete)} of ${rounds.length * users} complete; ${sum((one) => one.moved)} went on with another worker`,
);
console.log(
  `longest pause of those: ${spread(rounds.flatMap((one) => one.pausesMs))} ms; usual time between tokens ${spread(rounds.map((one) => one.usualMs))} ms`,
);
console.log(
  `the other worker has all CPUs after ${spread(rounds.map((one) => one.allCpusMs))} ms (wanted: 1000); both are ready again after ${spread(rounds.map((one) => one.bothReadyMs))} ms`,
);
