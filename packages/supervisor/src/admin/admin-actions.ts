import type { EndRequests } from "../application/end-requests.ts";
import { SupervisorError } from "../errors.ts";
import type { Logs } from "../application/logs.ts";
import type { Reloader, ReloadReport } from "../application/reload.ts";
import type { ServiceManager } from "../systemd/service-manager.ts";
import type { Supervisor } from "../workers/supervisor.ts";
import type { AdminActions } from "./admin-server.ts";

interface Handles {
  readonly end: EndRequests;
  readonly logs: Logs;
  readonly manager: ServiceManager;
}

/** What the admin API does; refused while there is nothing yet to do it with. */
export function adminActions(
  parts: () => { readonly supervisor: Supervisor; readonly reloader: Reloader } | undefined,
  { end, logs, manager }: Handles,
): AdminActions {
  const running = () => {
    const found = parts();
    if (found === undefined)
      throw new SupervisorError("refused", "drover is still preparing the model; ask again once it serves");
    return found;
  };
  return {
    status: async () => (await parts()?.supervisor.status()) ?? { workers: [], snapshots: null },
    scale: (count) => running().reloader.scale(count),
    restart: (worker) => running().supervisor.restart(worker),
    drain: (worker) => running().supervisor.drain(worker),
    undrain: (worker) => running().supervisor.undrain(worker),
    reload: (model) => reloadUnder(manager, running().reloader, model),
    stop: () => end.ask("drover stop"),
    logs,
  };
}

/** Says to systemd that a reload begins and that it has ended, whatever its result. */
export async function reloadUnder(
  manager: ServiceManager,
  reloader: Reloader,
  model: string | undefined,
): Promise<ReloadReport> {
  await manager.reloading();
  try {
    return await reloader.reload(model);
  } finally {
    await manager.reloaded();
  }
}
