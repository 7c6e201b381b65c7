import { SupervisorError } from "../errors.ts";
import type { Layout, WorkerPlacement } from "../placement/layout.ts";
import { type Recipe, recipeText } from "../worker/recipe.ts";
import type { Worker } from "../worker/worker.ts";
import { type ReplaceParts, replaceWorker } from "./replace-worker.ts";

/**
 * Brings those workers that stay to a new recipe and new CPUs, one by one, before any is added or goes: the canary of the first shows whether the
 * recipe works at all. When one fails, those before it go back and everything is as it was.
 * @throws SupervisorError `refused` with the reason
 */
export async function rollWorkers(
  workers: readonly Worker[],
  next: { readonly recipe: Recipe; readonly layout: Layout; readonly count: number },
  parts: ReplaceParts,
): Promise<void> {
  const { recipe, layout, count } = next;
  const done: Worker[] = [];
  for (const old of workers.filter(({ index }) => index <= count)) {
    const placement = placementOf(layout, old.index);
    if (recipeText(old.recipe, old.placement) === recipeText(recipe, placement)) continue;
    const result = await replaceWorker(old, { recipe, placement }, parts);
    if (result.isDone) {
      done.push(old);
      continue;
    }
    if (parts.isEnding()) throw new SupervisorError("refused", "drover is ending");
    const failure = `worker ${old.id} failed with the new configuration: ${result.reason}`;
    parts.logger.error({ worker: old.id }, `${failure}; going back`);
    throw new SupervisorError("refused", `${failure}. ${await goBack(done, parts)}`);
  }
}

/** @returns what came of it, as a sentence */
async function goBack(replaced: readonly Worker[], parts: ReplaceParts): Promise<string> {
  const kept: string[] = [];
  for (const before of replaced) {
    const result = await replaceWorker(parts.get(before.id), before, parts);
    if (!result.isDone) kept.push(`Worker ${before.id} could not go back: ${result.reason}.`);
  }
  return kept.length === 0 ? "Everything is as it was." : kept.join(" ");
}

/** Where the worker of an index computes; those beyond the layout's placements share them. */
export function placementOf(layout: Layout, index: number): WorkerPlacement {
  return layout.placements[(index - 1) % layout.placements.length] ?? { cpus: [], threads: 1 };
}
