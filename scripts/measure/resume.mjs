// What clients notice when a worker is killed under their streams: four streams on two workers, one of which is killed when all have a
// third of their tokens. Prints how many came whole, and the longest pause between two tokens of those that had to move.
// usage: node scripts/measure/resume.mjs [--quick] [--model FILE] [--rounds N]      (after pnpm build)
import { createChatClient, startDrover } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { bin, modelPath } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";
import { onInterrupt } from "./lib/session.mjs";
import { median, spread } from "./lib/spread.mjs";

const model = await modelPath();
const users = 4;
const tokens = quick ? 60 : 150;

async function measure(round) {
  const { signal } = new AbortController();
  const up = ["--model", model, "--workers", "2", "--threads", "1", "--slots", "4", "--ctx", "1024"];
  const drover = await startDrover({ bin, words: up, clock: systemClock, signal });
  const forget = onInterrupt(() => drover.stop());
  const extra = { temperature: 0, ignore_eos: true };
  const client = createChatClient({ url: drover.url, model: "any", timeoutMs: 600_000, extra, clock: systemClock });
  const { pid } = (await drover.processes()).find(({ name }) => name.includes("worker"));
  const counts = Array.from({ length: users }, () => 0);
  let killedMs;
  const ask = async (user) => {
    const words = `How many cattle are behind gate ${round * users + user}? `.repeat(8);
    return await client.ask({ messages: [{ role: "user", content: words }], maxTokens: tokens }, signal, () => {
      counts[user] += 1;
      if (killedMs !== undefined || Math.min(...counts) < tokens / 3) return;
      killedMs = systemClock.monotonicMs();
      process.kill(pid, "SIGKILL");
    });
  };
  const exchanges = await Promise.all(counts.map((_, user) => ask(user)));
  const metrics = await (await fetch(`${drover.url}/metrics`)).text();
  await client.close();
  await drover.stop();
  forget();
  const gaps = exchanges.map(({ tokenTimesMs }) => tokenTimesMs.slice(1).map((ms, index) => ms - tokenTimesMs[index]));
  const moved = Number(/^drover_resumed_answers_total (\d+)$/m.exec(metrics)?.[1]);
  return {
    moved,
    whole: exchanges.filter(({ result, tokenTimesMs }) => result.kind === "ok" && tokenTimesMs.length === tokens)
      .length,
    // Those that moved waited the longest.
    pausesMs: gaps
      .map((each) => Math.max(...each))
      .toSorted((a, b) => b - a)
      .slice(0, moved),
    usualMs: median(gaps.flat()),
  };
}

const rounds = [];
for (const count = roundsOr(5); rounds.length < count; ) rounds.push(await measure(rounds.length));
const sum = (of) => rounds.reduce((total, one) => total + of(one), 0);
console.log(
  `streams: ${sum((one) => one.whole)} of ${rounds.length * users} whole; ${sum((one) => one.moved)} went on with another worker`,
);
console.log(
  `longest pause of those: ${spread(rounds.flatMap((one) => one.pausesMs))} ms; usual time between tokens ${spread(rounds.map((one) => one.usualMs))} ms`,
);
