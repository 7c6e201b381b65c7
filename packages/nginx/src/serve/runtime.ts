import type { Clock } from "@drover/foundation/clock";
import { packageVersion } from "@drover/foundation/files/package-version";
import { httpsSuffix, type NginxModel, serversOf } from "../model/model.ts";
import type { LogFiles } from "./log-files.ts";
import { type Group, startGroup } from "./proxy/groups.ts";

/** What requests are served from: one loaded configuration and what runs for it. A reload makes a new one. */
export interface Runtime {
  readonly model: NginxModel;
  readonly groups: ReadonlyMap<string, Group>;
  readonly logs: LogFiles;
  readonly clock: Clock;
  /** Drover's. */
  readonly version: string;
  /** No connection is kept after its response any more. */
  isClosing: boolean;
}

/** Opens the log files that a configuration names, and starts its upstream groups. @throws NginxConfigError */
export async function prepareRuntime(model: NginxModel, logs: LogFiles, clock: Clock): Promise<Runtime> {
  for (const { path } of model.process.errorLogs) if (path !== undefined) logs.open(path);
  for (const { settings } of serversOf(model)) {
    for (const { path } of settings.errorLogs) if (path !== undefined) logs.open(path);
    for (const { path } of settings.accessLogs) if (path.constant !== undefined) logs.open(path.constant);
  }
  const groups = await startGroups(model, clock);
  return { model, groups, logs, clock, version: packageVersion(), isClosing: false };
}

/** @throws NginxConfigError; then no group resolves names any more */
async function startGroups(model: NginxModel, clock: Clock): Promise<ReadonlyMap<string, Group>> {
  const groups = new Map<string, Group>();
  try {
    for (const [key, group] of model.upstreams) {
      groups.set(key, await startGroup(group, key.endsWith(httpsSuffix) ? "https" : "http", clock));
    }
  } catch (error) {
    for (const group of groups.values()) group.destroy();
    throw error;
  }
  return groups;
}
