import type { Environment } from "@drover/config";
import { packageVersion } from "@drover/foundation/files/package-version";
import { adminPath } from "../../admin/admin-path.ts";
import { type AdminActions, createAdminServer } from "../../admin/admin-server.ts";
import { claimSocket } from "../../admin/claim-socket.ts";
import type { ServiceStatus, UpstreamRow } from "../../admin/drover-status.ts";
import { SupervisorError } from "../../errors.ts";
import type { Logs } from "../../logs.ts";
import type { ReloadReport } from "../reload.ts";

/** A process that balances between servers of others, for its admin socket. By an nginx configuration it has no keys, and keeps no requests. */
export interface UpstreamService extends Pick<AdminActions, "stop">, Partial<Pick<AdminActions, "keys" | "explain">> {
  readonly state: () => Pick<ServiceStatus, "phase" | "urls" | "queue" | "config">;
  readonly upstreams: () => readonly UpstreamRow[];
  /** Reads the configuration again; where that is not valid, it throws and nothing changes. */
  readonly reload: () => Promise<ReloadReport>;
  readonly logs: Logs;
}

/**
 * Opens the socket of `drover status`, `reload`, `logs` and `stop`. Where another one of this user's has them already, it
 * does without.
 * @returns what closes it
 */
export async function openUpstreamAdmin(
  setting: string,
  environment: Environment,
  service: UpstreamService,
): Promise<() => void> {
  const admin = createAdminServer(actionsOf(service));
  try {
    return await claimSocket(admin, adminPath(setting, "balance", environment));
  } catch (error) {
    const fields = { reason: (error as Error).message };
    service.logs.logger.warn(fields, "drover status and its like cannot reach this balancer");
    return () => {};
  }
}

function actionsOf({ state, upstreams, reload, keys, explain, stop, logs }: UpstreamService): AdminActions {
  return {
    status: async () => {
      const own = { command: "balance", version: packageVersion(), pid: process.pid } as const;
      const service = { ...own, model: null, download: null, missing: [], ...state() };
      return { service, workers: [], snapshots: null, upstreams: upstreams() };
    },
    scale: refuse("scale"),
    restart: refuse("restart"),
    drain: refuse("drain"),
    undrain: refuse("undrain"),
    explain: explain ?? notKept,
    reload: async (model) => {
      if (model !== undefined) refuse("give a model to")();
      return await reload();
    },
    keys: keys ?? (() => []),
    stop,
    logs,
  };
}

function notKept(): never {
  throw new SupervisorError("refused", "by an nginx configuration no requests are kept; its access_log has them");
}

function refuse(what: string): () => never {
  return () => {
    throw new SupervisorError("refused", `drover balance has no workers to ${what}; its servers are not its own`);
  };
}
