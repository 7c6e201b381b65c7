import type { Logger } from "pino";
import { hasLostTerminal } from "./launcher.ts";

/** SIGHUP and SIGQUIT, which ask for something while the process goes on. */
export interface SignalOrders {
  /** From now on there is something to reload. A SIGHUP that came before is heeded now. */
  readonly begin: (handlers: OrderHandlers) => void;
  readonly close: () => void;
}

interface OrderHandlers {
  readonly reload: () => void;
  readonly dump: () => void;
}

/**
 * SIGHUP is an order to reload, but also what the kernel sends when the terminal is closed: what was started in one then
 * ends, as every other program does. Takes both signals at once: unheard, either would end the process, however long a model takes to be
 * fetched.
 */
export function listenForOrders(logger: Logger, onTerminalClosed: () => void): SignalOrders {
  let handlers: OrderHandlers | undefined;
  let isReloadDue = false;
  const onReload = () => {
    if (hasLostTerminal()) return onTerminalClosed();
    if (handlers !== undefined) return handlers.reload();
    isReloadDue = true;
    logger.info("SIGHUP: the model is still being prepared; the configuration is read again after that");
  };
  const onDump = () => {
    if (handlers !== undefined) return handlers.dump();
    logger.info("SIGQUIT: the model is still being prepared, and no worker runs");
  };
  process.on("SIGHUP", onReload);
  process.on("SIGQUIT", onDump);
  return {
    begin: (wanted) => {
      handlers = wanted;
      if (isReloadDue) wanted.reload();
    },
    close: () => {
      process.off("SIGHUP", onReload);
      process.off("SIGQUIT", onDump);
    },
  };
}
