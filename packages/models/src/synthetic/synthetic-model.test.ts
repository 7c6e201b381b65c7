import assert from "node:assert/strict";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gguf } from "@huggingface/gguf";
import { BYTE_ALPHABET } from "./byte-alphabet.ts";
import { encodeHeader } from "../gguf/gguf-header.ts";
import { readModelInfo, type ModelInfo } from "../estimate/model-info.ts";
import { syntheticFile, writeSyntheticModel } from "./synthetic-model.ts";
import { withScratch } from "../test-support/scratch.ts";

/** The file's header in front of a hole of the data's size: what readers see, without a gigabyte of random weights. */
async function infoOf(preset: string, quantization: string, pure?: boolean): Promise<ModelInfo> {
  return await withScratch(async (directory) => {
    const path = join(directory, "model.gguf");
    const file = syntheticFile(preset, quantization, pure);
    const header = encodeHeader(file.metadata, file.tensors);
    await writeFile(path, header.bytes);
    await truncate(path, header.bytes.length + header.dataBytes);
    return await readModelInfo(path);
  });
}

function typesOf(info: ModelInfo, part: string): readonly string[] {
  return info.tensors.filter((tensor) => tensor.name.includes(part)).map((tensor) => tensor.typeName);
}

function matrixTypes({ tensors }: ModelInfo): ReadonlySet<string> {
  return new Set(tensors.filter(({ shape }) => shape.length === 2).map(({ typeName }) => typeName));
}

describe("a synthetic model", () => {
  it("is read back by an independent parser, tensor by tensor", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "tiny.gguf");
      await writeSyntheticModel("tiny", path, "q8_0");
      const theirs = await gguf(path, { allowLocalFile: true, computeParametersCount: true });
      const ours = await readModelInfo(path);
      assert.equal(theirs.metadata["general.architecture"], "qwen2");
      assert.equal(theirs.parameterCount, ours.parameters);
      assert.deepEqual(
        theirs.tensorInfos.map(({ name, shape }) => [name, shape.map(Number)]),
        ours.tensors.map(({ name, shape }) => [name, shape]),
      );
      const last = theirs.tensorInfos.at(-1);
      const end = Number(theirs.tensorDataOffset) + Number(last?.offset) + (ours.tensors.at(-1)?.sizeBytes ?? 0);
      assert.equal(Math.ceil(end / 32) * 32, (await stat(path)).size);
    });
  });

  it("has DeepSeek R1 Distill Qwen 1.5B's published shapes", async () => {
    const info = await infoOf("deepseek-r1-distill-qwen-1.5b", "q4_k_m");
    assert.equal(info.architecture, "qwen2");
    assert.equal(info.parameters, 1_777_088_000);
    assert.deepEqual([info.layers, info.embeddingLength, info.feedForwardLength], [28, 1536, 8960]);
    assert.deepEqual([info.heads, info.kvHeads[0], info.keyLength, info.vocabularySize], [12, 2, 128, 151_936]);
    assert.equal(info.quantization, "Q4_K_M");
    assert.match(info.chatTemplate ?? "", /<｜Assistant｜>/);
  });

  it("has the parameters of the other published models", async () => {
    assert.equal((await infoOf("qwen2.5-0.5b", "q8_0")).parameters, 494_032_768);
    // 32 of these are the factors of its rotary embedding
    assert.equal((await infoOf("llama-3.2-1b", "q8_0")).parameters, 1_235_814_432);
  });

  it("encodes as llama-quantize does: more bits for the output and half of the sensitive matrices", async () => {
    const info = await infoOf("deepseek-r1-distill-qwen-1.5b", "q4_k_m");
    assert.deepEqual(typesOf(info, "token_embd"), ["Q4_K"]);
    assert.deepEqual(
      typesOf(info, "output.weight").filter((_, index, all) => index === all.length - 1),
      ["Q6_K"],
    );
    const down = typesOf(info, "ffn_down");
    assert.equal(down.filter((type) => type === "Q6_K").length, 14);
    assert.deepEqual(down.slice(0, 6), ["Q6_K", "Q6_K", "Q6_K", "Q4_K", "Q4_K", "Q6_K"]);
    assert.deepEqual(new Set(typesOf(info, "attn_q.weight")), new Set(["Q4_K"]));
  });

  it("has one encoding for every matrix, the output too, where that is asked for", async () => {
    const big = "deepseek-r1-distill-qwen-1.5b";
    assert.deepEqual(matrixTypes(await infoOf(big, "q4_0", true)), new Set(["Q4_0"]));
    assert.deepEqual(matrixTypes(await infoOf(big, "q4_0", false)), new Set(["Q4_0", "Q6_K"]));
    assert.deepEqual(matrixTypes(await infoOf(big, "q4_k_m", true)), new Set(["Q4_K"]));
  });

  it("falls back to small blocks where rows do not divide into large ones", async () => {
    const info = await infoOf("qwen2.5-0.5b", "q4_k_m");
    assert.deepEqual(new Set(typesOf(info, "attn_q.weight")), new Set(["Q5_0"]));
    assert.deepEqual(typesOf(info, "token_embd"), ["Q8_0"]);
    assert.deepEqual(new Set(typesOf(info, "ffn_down")), new Set(["Q4_K", "Q6_K"]));
  });

  for (const preset of ["tiny", "llama-3.2-1b", "qwen2.5-0.5b"]) {
    it(`of ${preset} has unique tokens and a token for every byte`, () => {
      const tokens = syntheticFile(preset, "q4_0").metadata.get("tokenizer.ggml.tokens");
      assert.ok(tokens?.type === "strings");
      const unique = new Set(tokens.value);
      assert.equal(unique.size, tokens.value.length);
      for (const letter of BYTE_ALPHABET) assert.ok(unique.has(letter));
      assert.ok(!unique.has(""));
    });
  }

  it("is the same bytes each time, and under 1 MB for tiny", async () => {
    await withScratch(async (directory) => {
      for (const quantization of ["q4_0", "q4_k_m", "q8_0", "f16"]) {
        const [one, two] = [join(directory, "one.gguf"), join(directory, "two.gguf")];
        await writeSyntheticModel("tiny", one, quantization);
        await writeSyntheticModel("tiny", two, quantization);
        const bytes = await readFile(one);
        assert.ok(bytes.equals(await readFile(two)));
        assert.ok(bytes.length < 1_000_000);
        assert.ok((await readModelInfo(one)).contextTokens >= 4096);
      }
    });
  });

  it("reports progress up to its size", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "tiny.gguf");
      const seen: number[] = [];
      await writeSyntheticModel("tiny", path, "q4_0", { onProgress: ({ doneBytes }) => seen.push(doneBytes) });
      assert.equal(seen.at(-1), (await stat(path)).size);
    });
  });

  it("names the presets and quantizations there are", async () => {
    await assert.rejects(writeSyntheticModel("gpt-5", "/tmp/x.gguf", "q4_0"), {
      code: "source_invalid",
      message: /qwen2\.5-0\.5b/,
    });
    await assert.rejects(writeSyntheticModel("tiny", "/tmp/x.gguf", "q3"), {
      code: "source_invalid",
      message: /q4_k_m/,
    });
  });

  it("says why it can't be written, and leaves nothing", async () => {
    await withScratch(async (directory) => {
      await writeFile(join(directory, "file"), "");
      const path = join(directory, "file", "x.gguf");
      await assert.rejects(writeSyntheticModel("tiny", path, "q4_0"), {
        code: "write_failed",
        message: /file\/x\.gguf/,
      });
    });
  });
});
