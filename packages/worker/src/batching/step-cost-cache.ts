import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
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

const DIGEST_BYTES = 1024 * 1024;

/** Of the size, the start (all metadata and tensor shapes) and the end: a model of many GB is not read twice for this. */
async function modelDigest(path: string): Promise<string> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const hash = createHash("sha256").update(String(size));
    for (const position of [0, Math.max(0, size - DIGEST_BYTES)]) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(DIGEST_BYTES), position });
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
