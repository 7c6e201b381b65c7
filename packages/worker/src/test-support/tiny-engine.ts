import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GgufFile, syntheticFile, writeGguf } from "@drover/models";
import type { Engine } from "../engine/engine.ts";
import { loadLlamaEngine } from "../engine/llama-engine.ts";

// Where a process just runs out, Node frees the library's objects in any order, each of which counts the others: once in hundreds of runs that
// ends it by a signal after its last test. A process that exits does not free them; workers do so, too.
process.once("exit", () => process.exit());

/** The real engine on the `tiny` model, which is written in milliseconds. Dispose of it when the tests are done. */
export async function openTinyEngine(options: {
  readonly slots: number;
  readonly contextTokens: number;
  /** @default the `tiny` model in f16 */
  readonly model?: GgufFile | undefined;
}): Promise<Engine> {
  const directory = await mkdtemp(join(tmpdir(), "drover-tiny-"));
  const modelPath = join(directory, "tiny.gguf");
  try {
    await writeGguf(modelPath, options.model ?? syntheticFile("tiny", "f16"));
    return await loadLlamaEngine({
      modelPath,
      threads: 1,
      slots: options.slots,
      contextTokens: options.contextTokens,
      batchTokens: 128,
      flashAttention: "off",
      kvType: "f16",
      embeddings: false,
      onProgress: () => {},
      onWarning: () => {},
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}
