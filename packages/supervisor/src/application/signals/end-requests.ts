import { createGate } from "../../gate.ts";

/** Waits for somebody to want the process to end. */
export interface EndRequests {
  /** Resolves with who asked first, such as `SIGTERM`. */
  readonly first: Promise<string>;
  /** Asks from inside, as `drover stop` does. */
  readonly ask: (who: string) => void;
  readonly close: () => void;
}

/**
 * SIGINT, SIGTERM and {@link EndRequests.ask}: the first one is an orderly end, and a second signal calls `onSecond`.
 */
export function listenForEnd(onSecond: () => void): EndRequests {
  const first = createGate<string>();
  let asked = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    asked += 1;
    if (asked > 1) onSecond();
    else first.open(signal);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    first: first.opened,
    ask: (who) => {
      asked = Math.max(asked, 1);
      first.open(who);
    },
    close: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
