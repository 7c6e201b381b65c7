import { hideSecrets, type Settings } from "@drover/config";
import type { Logger } from "pino";

/** What SIGQUIT asks for: everything there is to know, as one log entry. */
export function logState(
  logger: Logger,
  { settings, ...parts }: { readonly settings: Settings; readonly [part: string]: unknown },
): void {
  const own = { memory: process.memoryUsage(), resources: process.getActiveResourcesInfo() };
  logger.info({ state: { ...parts, settings: hideSecrets(settings), ...own } }, "state, as SIGQUIT asked");
}
