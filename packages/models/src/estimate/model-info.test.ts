import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { ModelError } from "../errors.ts";
import { encodeHeader, string, uint32, type GgufValue } from "../gguf/gguf-header.ts";
import { readModelInfo } from "./model-info.ts";
import { syntheticFile, writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { withScratch } from "../test-support/scratch.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

async function writeTiny(directory: string): Promise<string> {
  const path = join(directory, "tiny.gguf");
  await writeSyntheticModel("tiny", path, "q4_0");
  return path;
}

/** A file of a header only, with a hole of the data's size. */
async function writeHeader(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: Parameters<typeof encodeHeader>[1] = [{ name: "token_embd.weight", shape: [32, 4], type: "F16" }],
): Promise<string> {
  const header = encodeHeader(metadata, tensors);
  await writeFile(path, header.bytes);
  await truncate(path, header.bytes.length + header.dataBytes);
  return path;
}

/** A header's beginning that counts so many. */
const head = (tensors: bigint, keys: bigint) => {
  const bytes = Buffer.alloc(24);
  bytes.write("GGUF");
  bytes.writeUInt32LE(3, 4);
  bytes.writeBigUInt64LE(tensors, 8);
  bytes.writeBigUInt64LE(keys, 16);
  return bytes;
};

const split = (index: number): Map<string, GgufValue> =>
  new Map<string, GgufValue>([
    ["split.no", uint32(index)],
    ["split.count", uint32(2)],
  ]);

const named = (type: string, architecture = "llama"): Map<string, GgufValue> =>
  new Map([
    ["general.type", string(type)],
    ["general.architecture", string(architecture)],
  ]);

describe("readModelInfo", () => {
  it("says what is wrong with a path", async () => {
    await withScratch(async (directory) => {
      await mkdir(join(directory, "folder"));
      await assert.rejects(readModelInfo(join(directory, "none.gguf")), {
        code: "model_missing",
        message: /none\.gguf does not exist/,
      });
      await assert.rejects(readModelInfo(join(directory, "folder")), { code: "model_unreadable" });
    });
  });

  it("waits for nobody who might write into a pipe", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "pipe.gguf");
      execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
      await assert.rejects(readModelInfo(path), { code: "model_unreadable" });
    });
  });

  it("says that a file is empty, or something else", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "x.gguf");
      await writeFile(path, "");
      await assert.rejects(readModelInfo(path), { code: "model_not_gguf", message: /it is empty/ });
      await writeFile(path, "PK\u0003\u0004 something else");
      await assert.rejects(readModelInfo(path), { code: "model_not_gguf" });
      await writeFile(path, "GG");
      await assert.rejects(readModelInfo(path), { code: "model_not_gguf" });
    });
  });

  it("finds a cut at every place: in the magic, the metadata, the tensor list, the data", async () => {
    await withScratch(async (directory) => {
      const bytes = await readFile(await writeTiny(directory));
      const path = join(directory, "cut.gguf");
      for (const length of [5, 24, 200, 4000, 12_000, Math.floor(bytes.length / 2), bytes.length - 33]) {
        await writeFile(path, bytes.subarray(0, length));
        await assert.rejects(
          readModelInfo(path),
          { code: "model_truncated", message: /Fetch it again/ },
          `${length} bytes`,
        );
      }
    });
  });

  it("does not believe absurd counts", async () => {
    await withScratch(async (directory) => {
      const bytes = await readFile(await writeTiny(directory));
      const path = join(directory, "absurd.gguf");
      for (const at of [8, 16, 24]) {
        const absurd = Buffer.from(bytes);
        absurd.writeBigUInt64LE(2n ** 60n, at);
        await writeFile(path, absurd);
        await assert.rejects(readModelInfo(path), ModelError);
      }
    });
  });

  it("reads no millions of keys, tensors and texts, though the file has bytes for them", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "large.gguf");
      const { bytes: texts } = encodeHeader(new Map([["a", { type: "strings", value: [] }]]), []);
      texts.writeBigUInt64LE(400_000_000n, texts.length - 8);
      for (const header of [head(0n, 100_000n), head(300_000n, 0n), texts]) {
        await writeFile(path, header);
        await truncate(path, 4 * 2 ** 30);
        await assert.rejects(
          readModelInfo(path),
          (error) => error instanceof ModelError && error.code === "model_corrupt",
        );
      }
    });
  });

  it("answers a header with random damage with a model or a ModelError, and takes no long time or memory", async () => {
    await withScratch(async (directory) => {
      const bytes = await readFile(await writeTiny(directory));
      const path = join(directory, "damaged.gguf");
      const damage = fc.array(fc.tuple(fc.nat(16_000), fc.constantFrom(0, 1, 127, 128, 255)), {
        minLength: 1,
        maxLength: 6,
      });
      const before = process.memoryUsage().rss;
      await fc.assert(
        fc.asyncProperty(damage, async (changes) => {
          const damaged = Buffer.from(bytes);
          for (const [at, value] of changes) damaged[at] = value;
          await writeFile(path, damaged);
          await readModelInfo(path).catch((error: unknown) => assert.ok(error instanceof ModelError, String(error)));
        }),
        { numRuns: 300 },
      );
      assert.ok(process.memoryUsage().rss - before < 400e6);
    });
  });

  it("reads a header that is longer than its first window", async () => {
    await withScratch(async (directory) => {
      const tokens = Array.from({ length: 400_000 }, (_, index) => `a rather long token ${index}`);
      const metadata = new Map<string, GgufValue>([
        ["general.architecture", string("llama")],
        ["tokenizer.ggml.tokens", { type: "strings", value: tokens }],
      ]);
      const info = await readModelInfo(await writeHeader(join(directory, "long.gguf"), metadata));
      assert.equal(info.vocabularySize, 400_000);
    });
  });

  it("joins the parts of a model, and names a missing part", async () => {
    await withScratch(async (directory) => {
      const name = (part: number): string => join(directory, `big-0000${part}-of-00002.gguf`);
      const file = syntheticFile("tiny", "q4_0");
      const half = Math.floor(file.tensors.length / 2);
      await writeHeader(name(1), new Map([...file.metadata, ...split(0)]), file.tensors.slice(0, half));
      await assert.rejects(readModelInfo(name(1)), {
        code: "model_truncated",
        message: /00002-of-00002\.gguf is missing/,
      });
      await writeHeader(name(2), split(1), file.tensors.slice(half));
      const info = await readModelInfo(name(1));
      assert.deepEqual([info.parts, info.parameters, info.tensors.length], [2, 139_840, file.tensors.length]);
      await assert.rejects(readModelInfo(name(2)), {
        code: "model_unsupported",
        message: /Give the first: .*00001-of-00002/,
      });
    });
  });

  it("refuses what is GGUF and no model", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "x.gguf");
      await assert.rejects(readModelInfo(await writeHeader(path, named("adapter"))), {
        code: "model_unsupported",
        message: /LoRA/,
      });
      await assert.rejects(readModelInfo(await writeHeader(path, named("model", "clip"))), { message: /mmproj/ });
      await assert.rejects(readModelInfo(await writeHeader(path, named("model"), [])), { message: /vocabulary/ });
      await assert.rejects(readModelInfo(await writeHeader(path, new Map())), { code: "model_corrupt" });
    });
  });

  it("reads Gemma 3's windows and a hybrid's layers without attention", async () => {
    await withScratch(async (directory) => {
      const metadata = new Map<string, GgufValue>([
        ["general.architecture", string("gemma3")],
        ["gemma3.block_count", uint32(6)],
        ["gemma3.embedding_length", uint32(64)],
        ["gemma3.attention.head_count", uint32(4)],
        ["gemma3.attention.head_count_kv", { type: "int32s", value: [2, 2, 0, 2, 2, 2] }],
        ["gemma3.attention.key_length", uint32(32)],
        ["gemma3.attention.sliding_window", uint32(512)],
      ]);
      const info = await readModelInfo(await writeHeader(join(directory, "gemma.gguf"), metadata));
      assert.deepEqual(info.kvHeads, [2, 2, 0, 2, 2, 2]);
      assert.deepEqual([info.keyLength, info.valueLength, info.slidingWindowTokens], [32, 16, 512]);
      assert.deepEqual(info.slidingLayers, [true, true, true, true, true, false]);
    });
  });
});
