import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { modelDigest } from "../engine/model-digest.ts";
import type { CostPoint } from "./step-costs.ts";

const stored = z.array(z.object({ tokens: z.number().int().positive(), ms: z.number().positive() })).min(1);

/** Where the costs of this model, on this CPU, with these options belong. */
export async function stepCostFile(
  cacheDirectory: string,
  modelPath: string,
  key: Readonly<Record<string, string | number>>,
): Promise<string> {
  const parts = { ...key, model: await modelDigest(modelPath), cpu: cpus()[0]?.model ?? "unknown" };
  const name = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  return join(cacheDirectory, "step-costs", `${name}.json`);
}

/** @returns undefined where nothing usable is stored: then they are measured again */
export async function readStepCosts(file: string): Promise<readonly CostPoint[] | undefined> {
  try {
    return stored.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Whole or not at all: several workers of one model measure at the same time. */
export async function writeStepCosts(file: string, points: readonly CostPoint[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  await writeFile(own, JSON.stringify(points));
  await rename(own, file);
}
