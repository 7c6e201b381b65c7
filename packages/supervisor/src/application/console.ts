import { type ConsoleRoutes, createConsole } from "@drover/console";
import type { Settings } from "@drover/config";
import type { PastChange } from "@drover/contract/console-state";
import { systemClock } from "@drover/foundation/clock";
import { packageVersion } from "@drover/foundation/files/package-version";
import { basename, isAbsolute } from "node:path";
import type { AdminActions } from "../admin/admin-server.ts";
import type { ServiceStatus } from "../admin/drover-status.ts";
import type { WorkerChange } from "../worker/worker-change.ts";

const MOST_CHANGES = 50;

/** What lately became of the workers, for who looks only now. */
export class RecentChanges {
  readonly #changes: PastChange[] = [];

  add(change: WorkerChange): void {
    this.#changes.push({ ...change, atMs: systemClock.epochMs() });
    if (this.#changes.length > MOST_CHANGES) this.#changes.shift();
  }

  /** The oldest first. */
  all(): readonly PastChange[] {
    return this.#changes;
  }
}

/** The console of `drover up`: the workers as `drover status` has them, and its actions for who has the admin key. */
export function consoleOf(actions: AdminActions, changes: RecentChanges, settings: () => Settings): ConsoleRoutes {
  return createConsole({
    state: async () => {
      const mayAct = settings().admin.key !== undefined;
      const { service, ...fleet } = await actions.status();
      return { version: packageVersion(), mayAct, service: withoutPaths(service), ...fleet, changes: changes.all() };
    },
    admin: { key: () => settings().admin.key, actions },
    explain: { key: () => settings().admin.key, explain: actions.explain },
  });
}

/** Where files lie is nobody's business on the network. */
function withoutPaths({ model, ...service }: ServiceStatus): ServiceStatus {
  return { ...service, config: null, model: model !== null && isAbsolute(model) ? basename(model) : model };
}
