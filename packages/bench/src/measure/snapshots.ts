// What a kept KV state is worth: the time to the first token of a prompt of about 500 tokens when nobody knows it, when the
// worker has it in a slot, and when another worker has taken over from the one that read it and was killed.
// usage: node packages/bench/dist/measure/snapshots.js [--quick] [--model FILE] [--rounds N]
import { pause, systemClock } from "@drover/foundation/clock";
import { createChatClient } from "../client/chat-client.ts";
import type { ChatMessage } from "../client/exchange.ts";
import { startDrover } from "../servers/drover-server.ts";
import { median } from "../statistics/median.ts";
import { bin, modelPath } from "./support/drover.ts";
import { quick, repeat, roundsOr } from "./support/options.ts";
import { stoppedOnInterrupt } from "./support/session.ts";
import { spread } from "./support/spread.ts";

const words = "the herd goes along a river in the valley and comes to a gate where the drover counts".split(" ");
const model = await modelPath();

/** Another text in each round. */
function question(round: number): readonly ChatMessage[] {
  const text = Array.from(
    { length: quick ? 60 : 230 },
    (_, index) => words[(index * (round + 5) + (index >> 3)) % words.length],
  );
  return [{ role: "user", content: `${round}: ${text.join(" ")}` }];
}

async function measure(round: number) {
  const { signal } = new AbortController();
  const up = ["--model", model, "--workers", "1", "--ctx", "2048"];
  const drover = await startDrover({ bin, args: up, signal });
  const stop = stoppedOnInterrupt(() => drover.stop());
  const client = createChatClient({ url: drover.url, model: "any", timeoutMs: 600_000, clock: systemClock });
  /** TTFT in milliseconds; undefined where the request failed. */
  const tryOnce = async (messages: readonly ChatMessage[]) => {
    const { result, startMs, tokenTimesMs } = await client.ask({ messages, maxTokens: 4 }, signal, () => {});
    return result.kind === "ok" ? (tokenTimesMs[0] ?? startMs) - startMs : undefined;
  };
  const ask = async (messages: readonly ChatMessage[]) => {
    const ms = await tryOnce(messages);
    if (ms === undefined) throw new Error("a question got no response");
    return ms;
  };
  const coldMs = await ask(question(round));
  const slotMs = await ask(question(round));
  const worker = (await drover.processes()).find(({ name }) => name.includes("worker"));
  if (worker !== undefined) process.kill(worker.pid, "SIGKILL");
  // Served once the next worker is there; refused where its model takes longer to read than requests may wait.
  while ((await tryOnce([{ role: "user", content: "?" }])) === undefined) await pause(systemClock, 1000);
  const snapshotMs = await ask(question(round));
  await client.close();
  await stop();
  return { coldMs, slotMs, snapshotMs };
}

const rounds = await repeat(roundsOr(3), measure);
const seconds = (of: (round: (typeof rounds)[number]) => number) =>
  `${spread(
    rounds.map((one) => of(one) / 1000),
    2,
  )} s`;
console.log(
  `TTFT, ${rounds.length} rounds: cold ${seconds((one) => one.coldMs)}, in its slot ${seconds((one) => one.slotMs)}, by a killed worker's successor ${seconds((one) => one.snapshotMs)}`,
);
console.log(`the successor's over cold: ${median(rounds.map((one) => one.snapshotMs / one.coldMs)).toFixed(3)}`);
