import type { ChatClient, Exchange, Question } from "../client/exchange.ts";
import { type Clock, pause } from "@drover/foundation/clock";

export interface TimedResponse {
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly tokens: number;
  readonly fails?: boolean;
}

/**
 * A client whose responses take exactly the time that `response` says, on the given clock.
 * @param slots responses at a time; the others wait for theirs
 */
export function createTimedClient(
  clock: Clock,
  response: (number: number, question: Question) => TimedResponse,
  slots = Number.POSITIVE_INFINITY,
): ChatClient & { asked: number } {
  const queue: (() => void)[] = [];
  let busy = 0;
  const enter = async () => {
    if (busy >= slots) await new Promise<void>((resolve) => queue.push(resolve));
    else busy += 1;
  };
  const leave = () => {
    const next = queue.shift();
    if (next === undefined) busy -= 1;
    else next();
  };
  return {
    asked: 0,
    async ask(question, signal, onToken): Promise<Exchange> {
      this.asked += 1;
      const { ttftMs, itlMs, tokens, fails } = response(this.asked, question);
      const startMs = clock.monotonicMs();
      const tokenTimesMs: number[] = [];
      await enter();
      for (let index = 0; index < tokens && !signal.aborted; index += 1) {
        await pause(clock, index === 0 ? ttftMs : itlMs, signal);
        if (signal.aborted) break;
        tokenTimesMs.push(clock.monotonicMs());
        onToken();
      }
      leave();
      return {
        startMs,
        endMs: clock.monotonicMs(),
        tokenTimesMs,
        result: resultOf(signal.aborted, fails === true, tokens),
      };
    },
    close: () => Promise.resolve(),
  };
}

function resultOf(cancelled: boolean, fails: boolean, tokens: number): Exchange["result"] {
  if (cancelled) return { kind: "cancelled" };
  if (fails) return { kind: "failed", reason: "http-500", detail: "scripted" };
  return { kind: "ok", usage: { promptTokens: 10, cachedTokens: 4, completionTokens: tokens }, text: "x" };
}
