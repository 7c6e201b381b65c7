import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import type { SlotRow } from "./fleet-state.ts";

interface SlotDotsProps {
  /** As the worker tells them; empty where it does not, such as a command of the user's. */
  readonly slots: readonly SlotRow[];
  readonly total: number;
  readonly busy: number;
}

/** A worker's slots as dots: how far a prompt is read, how full a response's context is, what an idle one still keeps. */
export function SlotDots({ slots, total, busy }: SlotDotsProps): VNode {
  const dots =
    slots.length > 0 ? slots.map(dotOf) : Array.from({ length: total }, (_, index) => plainDot(index < busy));
  return (
    <ul class="slots">
      {dots.map(({ kind, share, text }, index) => (
        <li key={index} class={`slot ${kind}`} style={{ "--fill": fillOf(share) }} title={text}>
          {text !== undefined && <span class="hidden">{text}</span>}
        </li>
      ))}
    </ul>
  );
}

/** A little is seen, too: most conversations are short beside their context. */
function fillOf(share: number): string {
  return share === 0 ? "0%" : `${Math.round(22 + 78 * Math.min(1, share))}%`;
}

interface Dot {
  readonly kind: "prompt" | "response" | "kept" | "idle";
  readonly share: number;
  /** For screen readers and at the pointer; undefined where the worker does not tell what its slots do. */
  readonly text?: string;
}

function plainDot(isBusy: boolean): Dot {
  return isBusy ? { kind: "response", share: 1 } : { kind: "idle", share: 0 };
}

function dotOf(slot: SlotRow): Dot {
  const { slotPrompt, slotResponse, slotKept, slotIdle } = texts.value;
  const { id, n_ctx: context, state, kept_tokens: kept, prompt_tokens: prompt, generated_tokens: generated } = slot;
  if (state === "prefill")
    return { kind: "prompt", share: kept / Math.max(1, prompt), text: slotPrompt(id, kept, prompt) };
  if (state === "decoding") {
    return { kind: "response", share: (prompt + generated) / Math.max(1, context), text: slotResponse(id, generated) };
  }
  if (kept === 0) return { kind: "idle", share: 0, text: slotIdle(id) };
  return { kind: "kept", share: kept / Math.max(1, context), text: slotKept(id, kept) };
}
