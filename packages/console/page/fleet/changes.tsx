import type { VNode } from "preact";
import { language, texts } from "../language/language.ts";
import type { PastChange } from "@drover/contract/console-state";

const MOST_SHOWN = 12;

/** What lately became of the workers, the newest first. */
export function Changes({ changes }: { readonly changes: readonly PastChange[] }): VNode | null {
  if (changes.length === 0) return null;
  const { changesTitle, workerTitle, states, endReason } = texts.value;
  const time = new Intl.DateTimeFormat(language.value, { timeStyle: "medium" });
  return (
    <section class="changes">
      <h3>{changesTitle}</h3>
      <ol>
        {changes
          .slice(-MOST_SHOWN)
          .toReversed()
          .map(({ atMs, worker, from, to, reason }) => (
            <li key={`${atMs} ${worker} ${to}`}>
              <time dateTime={new Date(atMs).toISOString()}>{time.format(atMs)}</time>
              <span>{workerTitle(worker)}</span>
              <span>
                {states[from] ?? from} → {states[to] ?? to}
              </span>
              <span class="reason">{reason === undefined ? "" : endReason(reason)}</span>
            </li>
          ))}
      </ol>
    </section>
  );
}
