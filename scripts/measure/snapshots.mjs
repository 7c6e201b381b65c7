// What a kept KV state is worth: the time to the first token of a prompt of about 500 tokens when nobody knows it, when the
// worker has it in a slot, and when another worker has taken the place of the one that read it and was killed.
// usage: node scripts/measure/snapshots.mjs [--quick] [--model FILE] [--rounds N]      (after pnpm build)
import { createChatClient, startDrover } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { setTimeout as wait } from "node:timers/promises";
import { bin, modelPath } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";
import { onInterrupt } from "./lib/session.mjs";
import { median, spread } from "./lib/spread.mjs";

const words = "the herd goes along a river in the valley and comes to a gate where the drover counts".split(" ");
const model = await modelPath();

/** Other words in each round. */
function question(round) {
  const text = Array.from(
    { length: quick ? 60 : 230 },
    (_, index) => words[(index * (round + 5) + (index >> 3)) % words.length],
  );
  return [{ role: "user", content: `${round}: ${text.join(" ")}` }];
}

async function measure(round) {
  const { signal } = new AbortController();
  const up = ["--model", model, "--workers", "1", "--ctx", "2048"];
  const drover = await startDrover({ bin, words: up, clock: systemClock, signal });
  const forget = onInterrupt(() => drover.stop());
  const client = createChatClient({ url: drover.url, model: "any", timeoutMs: 600_000, clock: systemClock });
  const tryOnce = async (messages) => {
    const startMs = systemClock.monotonicMs();
    let firstMs;
    const { result } = await client.ask({ messages, maxTokens: 4 }, signal, () => {
      firstMs ??= systemClock.monotonicMs();
    });
    return result.kind === "ok" ? firstMs - startMs : undefined;
  };
  const ask = async (messages) => {
    const ms = await tryOnce(messages);
    if (ms === undefined) throw new Error("a question was not answered");
    return ms;
  };
  const coldMs = await ask(question(round));
  const slotMs = await ask(question(round));
  const worker = (await drover.processes()).find(({ name }) => name.includes("worker"));
  process.kill(worker.pid, "SIGKILL");
  // Answered once the next worker is there; refused where its model takes longer to read than requests may wait.
  while ((await tryOnce([{ role: "user", content: "?" }])) === undefined) await wait(1000);
  const snapshotMs = await ask(question(round));
  await client.close();
  await drover.stop();
  forget();
  return { coldMs, slotMs, snapshotMs };
}

const rounds = [];
for (const count = roundsOr(3); rounds.length < count; ) rounds.push(await measure(rounds.length));
const seconds = (of) =>
  `${spread(
    rounds.map((one) => of(one) / 1000),
    2,
  )} s`;
console.log(
  `TTFT, ${rounds.length} rounds: cold ${seconds((one) => one.coldMs)}, in its slot ${seconds((one) => one.slotMs)}, by a killed worker's successor ${seconds((one) => one.snapshotMs)}`,
);
console.log(`the successor's over cold: ${median(rounds.map((one) => one.snapshotMs / one.coldMs)).toFixed(3)}`);
