import { settingAt, type Settings, settingsTable } from "@drover/config";
import type { WorkerPlacement } from "../placement/layout.ts";
import type { ServedModel } from "../process/launch.ts";

/** What a worker is started from. */
export interface Recipe {
  readonly settings: Settings;
  readonly model: ServedModel;
  /** Most bytes of snapshots in the directory that all workers share; 0: none are kept. */
  readonly snapshotLimitBytes: number;
}

/** Two workers with the same text are interchangeable. */
export function recipeText(recipe: Recipe, placement: WorkerPlacement): string {
  return JSON.stringify([recipe.model, placement, recipe.snapshotLimitBytes, workerFingerprint(recipe.settings)]);
}

/** Everything about a worker's start that the settings decide, as one text: equal texts start equal workers. */
export function workerFingerprint(settings: Settings): string {
  const paths = settingsTable.filter((row) => row.reload === "roll" && row.path !== "workers.count");
  return JSON.stringify(paths.map(({ path }) => settingAt(settings, path)));
}
