import { homedir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import type { CompleteOptions } from "../worker-options.ts";
import { lookAtStepCosts, measureStepCosts } from "./measure-step-costs.ts";
import { readStepCosts, stepCostFile, writeStepCosts } from "./step-cost-cache.ts";
import { StepCostLearner } from "./step-cost-learner.ts";
import { costsHold } from "./step-cost-shape.ts";
import type { CostPoint } from "./step-costs.ts";

/** A worker that comes back is waited for; live steps correct the stored table as well, on a machine that is too busy. */
const LONGEST_MEASURING_ANEW_MS = 10_000;

/** Read from the cache while it holds, else measured; written to it whenever something else was seen. */
export async function knowStepCosts(
  engine: Engine,
  options: Pick<CompleteOptions, "modelPath" | "stepCosts">,
  logger: Logger,
): Promise<StepCostLearner | undefined> {
  if (options.stepCosts === "off") return undefined;
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const file = await stepCostFile(join(cache, "drover"), options.modelPath, engine.costKey);
  const store = async (points: readonly CostPoint[]) => {
    // A read-only home costs the measurement at each start, no more.
    await writeStepCosts(file, points).catch((error: unknown) => logger.warn({ err: error }, "step costs not stored"));
  };
  const stored = options.stepCosts === "cached" ? await readStepCosts(file) : undefined;
  const holds = stored !== undefined && costsHold(stored, await lookAtStepCosts(engine, systemClock));
  if (stored !== undefined && !holds) {
    logger.info({ stepCosts: byTokens(stored) }, "the stored step costs do not hold: measuring anew");
  }
  const mostMs = stored === undefined ? undefined : LONGEST_MEASURING_ANEW_MS;
  const measured = holds ? undefined : await measureStepCosts(engine, systemClock, mostMs);
  const points = measured ?? stored;
  if (points === undefined) return undefined;
  if (measured !== undefined) await store(measured);
  logger.debug({ stepCosts: byTokens(points), known: measured === undefined }, "step costs, ms");
  return new StepCostLearner(points, (corrected) => {
    logger.info({ stepCosts: byTokens(corrected) }, "step costs, ms, corrected by live steps");
    void store(corrected);
  });
}

function byTokens(points: readonly CostPoint[]): Readonly<Record<string, number>> {
  return Object.fromEntries(points.map(({ tokens, ms }) => [tokens, ms]));
}
