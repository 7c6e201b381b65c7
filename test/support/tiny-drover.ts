import { join } from "node:path";
import { writeSyntheticModel } from "@drover/models";
import type { Drover, Pasture } from "./drover-process.ts";

/** Starts `drover up` on a real model of random weights, with one thread for each worker; resolves once it serves. */
export async function startTinyDrover(
  pasture: Pasture,
  words: readonly string[],
): Promise<{ readonly drover: Drover; readonly url: string }> {
  const model = join(pasture.folder, "tiny.gguf");
  await writeSyntheticModel("tiny", model, "q8_0");
  const drover = pasture.up(["--model", model, "--threads", "1", ...words]);
  return { drover, url: await drover.url() };
}
