import type { ChatClient, Exchange } from "../client/exchange.ts";
import { type Clock, pause } from "@drover/foundation/clock";
import type { Preset, PresetContext } from "../presets/preset.ts";
import type { Random } from "../random.ts";
import type { Recorder } from "./recorder.ts";

/** What every user and every arrival needs. */
export interface LoadContext extends PresetContext {
  readonly preset: Preset;
  readonly answerTokens: number;
  readonly client: ChatClient;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
}

/** After a failure a user waits at least this long: a target that refuses at once must not be hammered. */
const FAILURE_PAUSE_MS = 1000;

/**
 * Closed loop: each user asks, waits for the whole answer, thinks, and asks again, until the signal. The users begin
 * spread over one thinking time, so that they do not walk in step.
 */
export async function runUsers(users: number, thinkMs: number, context: LoadContext): Promise<void> {
  const { clock, signal } = context;
  const run = async (index: number) => {
    const conversation = context.preset.conversation(context);
    await pause(clock, (thinkMs * index) / users, signal);
    while (!signal.aborted) {
      const exchange = await askOnce(context, conversation.next(), clock.monotonicMs());
      if (exchange.result.kind === "ok") conversation.answered(exchange.result.text);
      const pauseMs = exchange.result.kind === "failed" ? Math.max(thinkMs, FAILURE_PAUSE_MS) : thinkMs;
      if (pauseMs > 0) await pause(clock, pauseMs, signal);
    }
  };
  await Promise.all(Array.from({ length: users }, (_, index) => run(index)));
}

/** Sends one request and records it. @param intendedMs when it should have been sent */
export async function askOnce(
  context: LoadContext,
  messages: ReturnType<ReturnType<Preset["conversation"]>["next"]>,
  intendedMs: number,
): Promise<Exchange> {
  const { recorder, clock } = context;
  const request = recorder.begin(intendedMs);
  const question = { messages, maxTokens: answerLimit(context.answerTokens, context.random) };
  const exchange = await context.client.ask(question, context.signal, () => recorder.token(clock.monotonicMs()));
  recorder.end(request, exchange);
  return exchange;
}

/** From half to one and a half of the mean: answers of one length would keep all users in step. */
function answerLimit(mean: number, random: Random): number {
  return Math.max(1, Math.round(mean * (0.5 + random())));
}
