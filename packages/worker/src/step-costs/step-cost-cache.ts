import { readFile, stat, utimes } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { cacheFile } from "@drover/foundation/files/cache-file";
import { z } from "zod";
import type { Time } from "@drover/foundation/clock";
import { modelDigest } from "../engine/model-digest.ts";
import type { CostPoint } from "@drover/contract/step-costs";

const stored = z.array(z.object({ tokens: z.number().int().positive(), ms: z.number().positive() })).min(1);

/** Where the costs of this model, on this CPU, with these options belong. */
export async function stepCostFile(
  cacheDirectory: string,
  modelPath: string,
  key: Readonly<Record<string, string | number>>,
): Promise<string> {
  const parts = { ...key, model: await modelDigest(modelPath), cpu: cpus()[0]?.model ?? "unknown" };
  return cacheFile(join(cacheDirectory, "step-costs"), parts);
}

/** @returns undefined where nothing usable is stored: then they are measured again */
export async function readStepCosts(file: string): Promise<readonly CostPoint[] | undefined> {
  try {
    return stored.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Workers of one start come one after the other: what the first one has seen need not be looked at by the next. */
const FRESH_MS = 60_000;

/** Whether the table was measured, or found to hold, just now. A clock that was set back makes no table fresh. */
export async function isFresh(file: string, clock: Pick<Time, "epochMs">): Promise<boolean> {
  const ageMs = await stat(file).then(
    ({ mtimeMs }) => clock.epochMs() - mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  return Math.abs(ageMs) < FRESH_MS;
}

/** The table was found to hold. */
export async function refresh(file: string, clock: Pick<Time, "epochMs">): Promise<void> {
  const now = clock.epochMs() / 1000;
  // A read-only home costs the next worker a look, no more.
  await utimes(file, now, now).catch(() => {});
}
