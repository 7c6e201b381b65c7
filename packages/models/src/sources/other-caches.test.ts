import assert from "node:assert/strict";
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { withScratch } from "../test-support/scratch.ts";
import { fetchModel, findFetched } from "../download/fetch-model.ts";
import { resolveModelSource } from "./model-source.ts";

const COMMIT = "c".repeat(40);

describe("a model that another program has fetched", () => {
  it("is found in the caches of huggingface_hub, llama.cpp and modelscope, and fetched no second time", () =>
    withScratch(async (directory) => {
      const model = join(directory, "tiny.gguf");
      await writeSyntheticModel("tiny", model, "q4_0");
      const put = async (path: string) => {
        await mkdir(dirname(path), { recursive: true });
        await copyFile(model, path);
        return path;
      };
      const hub = join(directory, "hub");
      const blob = await put(join(hub, "models--o--r-GGUF/blobs/abc"));
      const linked = join(hub, `models--o--r-GGUF/snapshots/${COMMIT}/sub/r-Q4_K_M.gguf`);
      await mkdir(dirname(linked), { recursive: true });
      await symlink(blob, linked);
      await mkdir(join(hub, "models--o--r-GGUF/refs"));
      await writeFile(join(hub, "models--o--r-GGUF/refs/main"), COMMIT);
      const flat = await put(join(directory, "llama", "o_r2_f.gguf"));
      const scoped = await put(join(directory, "ms", "models/o/r___3/f-Q8_0.gguf"));
      const otherCaches = {
        huggingFace: [hub],
        llamaCpp: [join(directory, "llama")],
        modelScope: [join(directory, "ms")],
      };
      const options = { cacheDir: join(directory, "own"), otherCaches };
      for (const [text, path] of [
        ["hf:o/r-GGUF:q4_k_m", linked],
        ["hf:o/r-GGUF", linked],
        ["hf:o/r-GGUF/sub/r-Q4_K_M.gguf", linked],
        [`hf:o/r-GGUF/sub/r-Q4_K_M.gguf#${COMMIT}`, linked],
        ["hf:o/r-GGUF:Q8_0", undefined],
        ["hf:o/r2/f.gguf", flat],
        ["ms:o/r.3/f-Q8_0.gguf", scoped],
        ["ms:o/r.3:Q8_0", scoped],
      ] as const) {
        const source = resolveModelSource(text);
        assert.equal(await findFetched(source, options), path, text);
        if (path !== undefined) assert.equal(await fetchModel(source, options), path);
      }
    }));

  it("is not taken where it is broken off, or a part of it is missing", () =>
    withScratch(async (directory) => {
      const folder = join(directory, "ms/o/r");
      await mkdir(folder, { recursive: true });
      await writeSyntheticModel("tiny", join(folder, "big-00001-of-00002.gguf"), "q4_0");
      await writeFile(join(folder, "cut.gguf"), "GGUF");
      const otherCaches = { huggingFace: [], llamaCpp: [], modelScope: [join(directory, "ms")] };
      const find = (text: string) => findFetched(resolveModelSource(text), { cacheDir: directory, otherCaches });
      assert.equal(await find("ms:o/r/cut.gguf"), undefined);
      assert.equal(await find("ms:o/r/big-00002-of-00002.gguf"), undefined);
      await copyFile(join(folder, "big-00001-of-00002.gguf"), join(folder, "big-00002-of-00002.gguf"));
      assert.equal(await find("ms:o/r/big-00002-of-00002.gguf"), join(folder, "big-00001-of-00002.gguf"));
      await rm(folder, { recursive: true });
    }));
});
