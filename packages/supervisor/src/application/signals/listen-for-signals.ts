import { createGate } from "../../gate.ts";
import { hasLostTerminal } from "./launcher.ts";

/** Waits for somebody to want the process to end. */
export interface EndRequests {
  /** Resolves with who asked first, such as `SIGTERM`. */
  readonly first: Promise<string>;
  /** Asks from inside, as `drover stop` does. */
  readonly ask: (who: string) => void;
  /** Hears no signal any more. */
  readonly close: () => void;
}

export interface SignalHandlers {
  /** SIGINT or SIGTERM, after the end was asked for. */
  readonly onSecondEnd: () => void;
  /** SIGHUP. */
  readonly onReload: () => void;
  readonly onQuit: () => void;
}

/**
 * SIGINT and SIGTERM ask for an orderly end. SIGHUP is an order to reload, but also what the kernel sends when the terminal is closed: what was started in
 * one then ends, as every other program does. Takes all signals at once: unheard, each would end the process, however long a model takes to be fetched.
 */
export function listenForSignals({ onSecondEnd, onReload, onQuit }: SignalHandlers): EndRequests {
  const first = createGate<string>();
  let asked = 0;
  const ask = (who: string) => {
    asked = Math.max(asked, 1);
    first.open(who);
  };
  const onEnd = (signal: NodeJS.Signals) => {
    asked += 1;
    if (asked > 1) onSecondEnd();
    else first.open(signal);
  };
  const onHangUp = () => (hasLostTerminal() ? ask("the terminal was closed") : onReload());
  const handlers = { SIGINT: onEnd, SIGTERM: onEnd, SIGHUP: onHangUp, SIGQUIT: onQuit };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  const close = () => {
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
  };
  return { first: first.opened, ask, close };
}
