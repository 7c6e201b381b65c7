import type { Settings } from "@drover/config";
import type { WorkerPlace } from "../placement/layout.ts";
import type { UpstreamBridge } from "./upstream-bridge.ts";
import { NO_USAGE, type WorkerStatus } from "./worker-status.ts";
import type { Usage } from "./usage.ts";
import type { ServedModel } from "./worker-launch.ts";
import { workerFingerprint } from "./settings-change.ts";
import type { WorkerRunner } from "./worker-runner.ts";

/** What a worker is started from. */
export interface Recipe {
  readonly settings: Settings;
  readonly model: ServedModel;
  /** Most bytes of snapshots in the directory that all workers share; 0: none are kept. */
  readonly snapshotLimitBytes: number;
}

/** One of the supervisor's workers: its life, its traffic and its place. The worker handle of the design. */
export interface Member {
  /** `1`, `2`, … */
  readonly id: string;
  readonly index: number;
  readonly place: WorkerPlace;
  readonly recipe: Recipe;
  readonly runner: WorkerRunner;
  readonly bridge: UpstreamBridge;
}

/** Two members with the same text are interchangeable. */
export function recipeText(recipe: Recipe, place: WorkerPlace): string {
  return JSON.stringify([recipe.model, place, recipe.snapshotLimitBytes, workerFingerprint(recipe.settings)]);
}

export function memberStatus(member: Member, usage: Usage | undefined, now: number): WorkerStatus {
  const { runner, bridge } = member;
  const { cpuPercent, rssBytes } = usage ?? NO_USAGE;
  const total = runner.word?.slots ?? 0;
  const busy = Math.max(bridge.active, runner.busySlots);
  return {
    id: member.id,
    pid: runner.pid ?? null,
    state: runner.state,
    port: runner.word?.port ?? runner.launch?.options.port ?? null,
    cpus: runner.launch?.cpus ?? [],
    slots: { busy: total === 0 ? busy : Math.min(total, busy), total },
    requests: bridge.requests,
    restarts: runner.restarts,
    cpuPercent,
    rssBytes,
    uptimeMs: runner.startedAt === undefined ? 0 : now - runner.startedAt,
  };
}
