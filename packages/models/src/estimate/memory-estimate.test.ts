import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeHeader } from "../gguf/gguf-header.ts";
import { estimateMemory, type MemoryOptions } from "./memory-estimate.ts";
import { readModelInfo, type ModelInfo } from "./model-info.ts";
import { syntheticFile } from "../synthetic/synthetic-model.ts";
import { withScratch } from "../test-support/scratch.ts";

async function infoOf(preset: string, quantization: string): Promise<ModelInfo> {
  return await withScratch(async (directory) => {
    const path = join(directory, "model.gguf");
    const file = syntheticFile(preset, quantization);
    const header = encodeHeader(file.metadata, file.tensors);
    await writeFile(path, header.bytes);
    await truncate(path, header.bytes.length + header.dataBytes);
    return await readModelInfo(path);
  });
}

const OPTIONS: MemoryOptions = {
  workers: 2,
  slots: 4,
  contextTokens: 2048,
  batchTokens: 512,
  kvType: "f16",
  flashAttention: true,
};
const MIB = 2 ** 20;

describe("estimateMemory", () => {
  it("counts llama.cpp's own buffers exactly: repacked weights, keys and values", async () => {
    // as printed by llama.cpp: "CPU_REPACK model buffer size" and "CPU KV buffer size", for 4 x 2048 tokens
    const printed = [
      ["deepseek-r1-distill-qwen-1.5b", "q4_0", 702.84, 224],
      ["deepseek-r1-distill-qwen-1.5b", "q4_k_m", 596.53, 224],
      ["llama-3.2-1b", "q4_k_m", 445.5, 256],
      ["qwen2.5-0.5b", "q4_k_m", 28.05, 96],
    ] as const;
    for (const [preset, quantization, repacked, kv] of printed) {
      const { perWorker } = estimateMemory(await infoOf(preset, quantization), OPTIONS);
      assert.equal((perWorker.repackedBytes / MIB).toFixed(1), repacked.toFixed(1), preset);
      assert.equal(perWorker.kvBytes / MIB, kv, preset);
    }
  });

  it("is within a tenth of the anonymous memory that was measured", async () => {
    // RssAnon after prompts in every slot, MiB: a bare Node process with the engine
    const measured = [
      ["deepseek-r1-distill-qwen-1.5b", "q4_0", 1139],
      ["deepseek-r1-distill-qwen-1.5b", "q4_k_m", 1017],
      ["llama-3.2-1b", "q4_k_m", 882],
    ] as const;
    for (const [preset, quantization, anonymous] of measured) {
      const { perWorker } = estimateMemory(await infoOf(preset, quantization), OPTIONS);
      const ratio = perWorker.totalBytes / MIB / anonymous;
      assert.ok(ratio > 0.95 && ratio < 1.15, `${preset} ${quantization}: ${ratio}`);
    }
  });

  it("counts the file once and everything else for each worker", async () => {
    const info = await infoOf("tiny", "q4_0");
    const { mappedBytes, perWorker, totalBytes } = estimateMemory(info, { ...OPTIONS, workers: 3 });
    assert.equal(mappedBytes, info.fileBytes);
    assert.equal(totalBytes, info.fileBytes + 3 * perWorker.totalBytes);
  });

  it("needs less for quantized keys and values, and more where the scores are written down", async () => {
    const info = await infoOf("tiny", "q4_0");
    const plain = estimateMemory(info, OPTIONS).perWorker;
    const small = estimateMemory(info, { ...OPTIONS, kvType: "q8_0" }).perWorker;
    assert.equal(small.kvBytes, (plain.kvBytes * 17) / 32);
    const exact = estimateMemory(info, { ...OPTIONS, flashAttention: false }).perWorker;
    assert.equal(exact.computeBytes - plain.computeBytes, 512 * 4 * info.heads * 2048);
  });

  it("counts more encodings as repacked on Arm", async () => {
    const info = await infoOf("tiny", "q8_0");
    assert.equal(estimateMemory(info, OPTIONS).perWorker.repackedBytes, 0);
    assert.ok(estimateMemory(info, { ...OPTIONS, processor: "arm64" }).perWorker.repackedBytes > 0);
  });

  it("counts the full cache of layers with a sliding window, as the worker keeps it", async () => {
    const info = await infoOf("tiny", "q4_0");
    const sliding = { ...info, slidingWindowTokens: 512, slidingLayers: [true, false] };
    assert.deepEqual(estimateMemory(sliding, OPTIONS), estimateMemory(info, OPTIONS));
  });
});
