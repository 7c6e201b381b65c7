import { httpsSuffix, type NginxModel, type ServerModel } from "../model/model.ts";
import { type Group, startGroup } from "./proxy/groups.ts";
import { type Names, systemNames } from "./proxy/names.ts";
import type { Runtime } from "./runtime.ts";

export type RuntimeParts = Pick<Runtime, "clock" | "logs" | "random" | "identity" | "newRequestId"> & {
  /** @default the system's resolver */
  readonly names?: Names;
};

/** Opens the log files that a configuration names, and starts its upstream groups. @throws NginxConfigError */
export async function prepareRuntime(model: NginxModel, parts: RuntimeParts): Promise<Runtime> {
  const { logs, clock, random, identity, newRequestId, names = systemNames } = parts;
  for (const { path } of model.process.errorLogs) if (path !== undefined) logs.open(path);
  for (const { settings } of serversOf(model)) {
    for (const { path } of settings.errorLogs) if (path !== undefined) logs.open(path);
    for (const { path } of settings.accessLogs) if (path.constant !== undefined) logs.open(path.constant);
  }
  const groups = await startGroups(model, { clock, random, names });
  return { model, groups, logs, clock, random, names, identity, newRequestId, isClosing: false };
}

/** @throws NginxConfigError; then no group resolves names any more */
async function startGroups(
  model: NginxModel,
  parts: Pick<Runtime, "clock" | "random" | "names">,
): Promise<ReadonlyMap<string, Group>> {
  const groups = new Map<string, Group>();
  try {
    for (const [key, group] of model.upstreams) {
      const scheme = key.endsWith(httpsSuffix) ? "https" : "http";
      groups.set(key, await startGroup(group, scheme, group.resolver, parts));
    }
  } catch (error) {
    for (const group of groups.values()) group.destroy();
    throw error;
  }
  return groups;
}

export function serversOf(model: NginxModel): readonly ServerModel[] {
  const servers = new Set<ServerModel>();
  for (const { otherwise, byLocalAddress } of model.listeners) {
    for (const address of [otherwise, ...byLocalAddress.values()]) {
      for (const server of address.servers) servers.add(server);
    }
  }
  return [...servers];
}
