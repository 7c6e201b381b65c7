import type { ChatClient, Exchange } from "../client/exchange.ts";
import { type Clock, pause } from "@drover/foundation/clock";
import type { Beside, Preset, PresetContext, Prompt } from "../presets/preset.ts";
import type { Random } from "../random.ts";
import type { Recorder } from "./recorder.ts";

/** What every user and every arrival needs. */
export interface LoadContext extends PresetContext {
  readonly preset: Preset;
  readonly responseTokens: number;
  readonly client: ChatClient;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
}

/** After a failure a user waits at least this long: a target that refuses at once must not be hammered. */
const FAILURE_PAUSE_MS = 1000;
const USUAL_SPREAD = 0.5;

/**
 * Closed loop: each user asks, waits for the complete response, thinks, and asks again, until the signal. The users begin
 * spread over one thinking time, so that they do not ask at the same times.
 */
export async function runUsers(users: number, thinkMs: number, context: LoadContext): Promise<void> {
  const { clock, signal } = context;
  const run = async (index: number) => {
    const conversation = context.preset.conversation(context);
    await pause(clock, (thinkMs * index) / users, signal);
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const exchange = await askOnce(context, conversation.next(), { intendedMs: clock.monotonicMs(), isFirst });
      if (exchange.result.kind === "ok") conversation.responded(exchange.result.text);
      const pauseMs = exchange.result.kind === "failed" ? Math.max(thinkMs, FAILURE_PAUSE_MS) : thinkMs;
      if (pauseMs > 0) await pause(clock, pauseMs, signal);
    }
  };
  await Promise.all(Array.from({ length: users }, (_, index) => run(index)));
}

/** The user beside the others, who asks by the clock, until the signal. */
export async function runBeside(beside: Beside, context: LoadContext): Promise<void> {
  const { clock, signal } = context;
  const conversation = beside.conversation(context);
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    const exchange = await askOnce(context, conversation.next(), { intendedMs: startMs });
    if (exchange.result.kind === "ok") conversation.responded(exchange.result.text);
    await pause(clock, startMs + beside.everyMs - clock.monotonicMs(), signal);
  }
}

/** Sends one request and records it. */
export async function askOnce(
  context: LoadContext,
  { messages, kind, responseTokens = context.responseTokens }: Prompt,
  begun: { readonly intendedMs: number; readonly isFirst?: boolean },
): Promise<Exchange> {
  const { recorder, clock, preset, random } = context;
  const request = { ...begun, kind };
  recorder.begin(request);
  const maxTokens = responseLimit(responseTokens, preset.responseSpread ?? USUAL_SPREAD, random);
  const exchange = await context.client.ask({ messages, maxTokens }, context.signal, () =>
    recorder.token(request, clock.monotonicMs()),
  );
  recorder.end(request, exchange);
  return exchange;
}

/** Users whose responses all had one length would ask at the same times. */
function responseLimit(mean: number, spread: number, random: Random): number {
  return Math.max(1, Math.round(mean * (1 + spread * (2 * random() - 1))));
}
