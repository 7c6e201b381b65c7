import assert from "node:assert/strict";
import childProcess from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, mock } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { loadLlamaTokenizer } from "./llama-engine.ts";

describe("llama.cpp's binary", () => {
  it("is loaded without a process that tries it first", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-binary-"));
    const modelPath = join(folder, "tiny.gguf");
    await writeSyntheticModel("tiny", modelPath, "q8_0");
    const fork = mock.method(childProcess, "fork");
    syncBuiltinESMExports();
    const tokenizer = await loadLlamaTokenizer(modelPath);
    assert.ok(tokenizer.vocabularySize > 0);
    assert.equal(fork.mock.callCount(), 0);
    rmSync(folder, { recursive: true });
  });
});
