import { SharedWork } from "@drover/foundation/shared-work";
import type { AdminActions } from "../admin/admin-server.ts";
import type { DroverStatus } from "../admin/drover-status.ts";
import { SupervisorError } from "../errors.ts";
import type { Logs } from "../logs.ts";
import type { ServiceManager } from "../systemd/service-manager.ts";
import type { EndRequests } from "./signals/listen-for-signals.ts";
import { explainRequest } from "../admin/explain-request.ts";
import type { Reloader, ReloadReport } from "./reload.ts";
import type { Service } from "./service.ts";

interface Handles {
  readonly status: AdminActions["status"];
  readonly end: EndRequests;
  readonly logs: Logs;
  readonly manager: ServiceManager;
}

/** What the admin API does; refused while there is nothing yet to do it with. */
export function adminActions(
  service: () => Pick<Service, "balancer" | "fleet" | "reloader"> | undefined,
  { status, end, logs, manager }: Handles,
): AdminActions {
  const running = () => {
    const found = service();
    if (found === undefined)
      throw new SupervisorError("refused", "drover is still preparing the model; ask again once it serves");
    return found;
  };
  const looks = new SharedWork<DroverStatus>();
  return {
    status: () => looks.do("status", status),
    scale: (count) => running().reloader.scale(count),
    restart: (worker) => running().fleet.restart(worker),
    drain: (worker) => running().fleet.drain(worker),
    undrain: (worker) => running().fleet.undrain(worker),
    explain: (id) => explainRequest(running().balancer, id),
    reload: (model) => reloadUnder(manager, running().reloader, model),
    keys: () => running().balancer.keyUse(),
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
