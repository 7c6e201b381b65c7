import type { Logger } from "pino";
import { adminPath } from "../../admin/admin-path.ts";
import { type AdminActions, createAdminServer } from "../../admin/admin-server.ts";
import { claimSocket } from "../../admin/claim-socket.ts";
import type { ServiceStatus, UpstreamRow } from "../../admin/drover-status.ts";
import { SupervisorError } from "../../errors.ts";
import type { Logs } from "../../logs.ts";
import type { ReloadReport } from "../reload.ts";

/** A process that balances between servers of others, for its admin socket. */
export interface UpstreamService {
  readonly state: () => Pick<ServiceStatus, "phase" | "urls" | "queue" | "config">;
  readonly upstreams: () => readonly UpstreamRow[];
  /** Reads the configuration again; where that is not valid, it throws and nothing changes. */
  readonly reload: () => Promise<ReloadReport>;
  /** Use and limits of each API key; an nginx configuration has none. @default none */
  readonly keys?: AdminActions["keys"];
  /** @default requests are not kept */
  readonly explain?: AdminActions["explain"];
  readonly stop: () => void;
  readonly logs: Pick<Logs, "recent" | "follow">;
  readonly version: string;
}

/**
 * Opens the socket of `drover status`, `reload`, `logs` and `stop`. Where another one of this user's has them already, it
 * does without.
 * @returns what closes it
 */
export async function openUpstreamAdmin(
  service: UpstreamService,
  where: {
    readonly setting: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly logger: Pick<Logger, "warn">;
  },
): Promise<() => void> {
  const admin = createAdminServer(actionsOf(service));
  try {
    return await claimSocket(admin, adminPath(where.setting, "balance", where.environment));
  } catch (error) {
    where.logger.warn({ reason: (error as Error).message }, "drover status and its like cannot reach this balancer");
    return () => {};
  }
}

function actionsOf({ state, upstreams, reload, keys, explain, stop, logs, version }: UpstreamService): AdminActions {
  return {
    status: async () => ({
      service: { command: "balance", version, pid: process.pid, model: null, download: null, missing: [], ...state() },
      workers: [],
      snapshots: null,
      upstreams: upstreams(),
    }),
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
