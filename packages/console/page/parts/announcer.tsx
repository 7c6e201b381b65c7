import { signal } from "@preact/signals";
import type { VNode } from "preact";

const message = signal("");

/** Has a screen reader say a short text when it is free. */
export function announce(text: string): void {
  message.value = text;
}

/** Where screen readers hear of it. */
export function Announcer(): VNode {
  return (
    <div class="hidden" role="status">
      {message}
    </div>
  );
}
