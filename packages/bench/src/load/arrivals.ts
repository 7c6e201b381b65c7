import { pause } from "@drover/foundation/clock";
import type { Conversation } from "../presets/preset.ts";
import { askOnce, type LoadContext } from "./users.ts";

/**
 * Open loop: requests arrive at random (a Poisson process) at `perSecond` on average, whether or not earlier ones have
 * their response. Each one's latency counts from its intended arrival: when this process or the target is late, the wait is
 * part of the figure and not left out (coordinated omission).
 */
export async function runArrivals(perSecond: number, context: LoadContext): Promise<void> {
  const { clock, signal, random } = context;
  const running = new Set<Promise<void>>();
  // A conversation is used by one request at a time; one that is free goes on, else a new user has come.
  const idle: Conversation[] = [];
  const serve = async (intendedMs: number) => {
    const conversation = idle.pop() ?? context.preset.conversation(context);
    const exchange = await askOnce(context, conversation.next(), { intendedMs });
    if (exchange.result.kind === "ok") conversation.responded(exchange.result.text);
    idle.push(conversation);
  };
  let intendedMs = clock.monotonicMs();
  while (!signal.aborted) {
    // Exponential gaps; 1 - random() is never 0.
    intendedMs += (-Math.log(1 - random()) / perSecond) * 1000;
    const waitMs = intendedMs - clock.monotonicMs();
    if (waitMs > 0) await pause(clock, waitMs, signal);
    if (signal.aborted) break;
    const request = serve(intendedMs);
    running.add(request);
    void request.finally(() => running.delete(request));
  }
  await Promise.all(running);
}
