import assert from "node:assert/strict";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gguf } from "@huggingface/gguf";
import { ensureDemoModel, writeDemoModel } from "./demo-model.ts";
import { cutUnique, DEMO_TEXT } from "./demo-text.ts";
import { readModelInfo } from "../estimate/model-info.ts";
import { withScratch } from "../test-support/scratch.ts";

/** The engine's arithmetic for this model: with no attention, the next token is the row nearest to the last one's embedding. */
async function walk(path: string): Promise<string> {
  const { tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
  const file = await readFile(path);
  const { tokens, end } = await readVocabulary(path);
  const matrix = (name: string): Float32Array[] => {
    const info = tensorInfos.find((tensor) => tensor.name === name);
    assert.ok(info !== undefined);
    const start = Number(tensorDataOffset + info.offset);
    const width = Number(info.shape[0]);
    return tokens.map((_, row) =>
      Float32Array.from({ length: width }, (_, k) => half(file.readUInt16LE(start + (row * width + k) * 2))),
    );
  };
  const [embeddings, outputs] = [matrix("token_embd.weight"), matrix("output.weight")];
  const bytes: Buffer[] = [];
  let token = tokens.indexOf("<|assistant|>");
  for (let step = 0; step < 500; step++) {
    const last = embeddings[token] ?? new Float32Array();
    const logits = outputs.map((row) => row.reduce((sum, value, k) => sum + value * (last[k] ?? 0), 0));
    const [best, second] = logits.toSorted((a, b) => b - a);
    assert.ok((best ?? 0) > 2 * (second ?? 0), `the margin at ${tokens[token]}`);
    token = logits.indexOf(best ?? 0);
    if (token === end) return Buffer.concat(bytes).toString();
    bytes.push(token < 256 ? Buffer.from([token]) : Buffer.from(tokens[token] ?? ""));
  }
  throw new Error("it does not end");
}

async function readVocabulary(path: string): Promise<{ tokens: readonly string[]; end: number }> {
  const { metadata } = await gguf(path, { allowLocalFile: true });
  const entries = new Map<string, unknown>(Object.entries(metadata));
  const tokens = entries.get("tokenizer.ggml.tokens");
  assert.ok(Array.isArray(tokens));
  return { tokens: tokens.map(String), end: Number(entries.get("tokenizer.ggml.eos_token_id")) };
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const magnitude = exponent === 0 ? (bits & 1023) * 2 ** -24 : (1 + (bits & 1023) / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

describe("the demo model", () => {
  it("walks its text from the chat template's last token to the end token, with wide margins", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "demo.gguf");
      await writeDemoModel(path);
      assert.equal(await walk(path), `<think>${DEMO_TEXT.thought}</think>${DEMO_TEXT.answer}`);
    });
  });

  it("says in its answer how to run a real model, in English and in Chinese", () => {
    assert.match(DEMO_TEXT.answer, /drover up --model hf:\S+:Q4_K_M/);
    assert.match(DEMO_TEXT.answer, /中文.*--model ms:\S+\.gguf/);
  });

  it("has unique pieces, a chat template and a few megabytes at most", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "demo.gguf");
      await writeDemoModel(path);
      const { tokens } = await readVocabulary(path);
      assert.equal(new Set(tokens).size, tokens.length);
      const info = await readModelInfo(path);
      assert.match(info.chatTemplate ?? "", /<\|assistant\|>\{% endif %\}$/);
      assert.ok(info.fileBytes < 4_000_000);
    });
  });

  it("is made once, under a name of its content, and again where it was damaged", async () => {
    await withScratch(async (directory) => {
      const cacheDir = join(directory, "not", "there", "yet");
      const path = await ensureDemoModel(cacheDir);
      const whole = await readFile(path);
      await truncate(path, whole.length - 100);
      assert.equal(await ensureDemoModel(cacheDir), path);
      assert.ok((await readFile(path)).equals(whole));
      await writeFile(path, Buffer.alloc(whole.length));
      await ensureDemoModel(cacheDir);
      assert.ok((await readFile(path)).equals(whole));
      assert.equal((await readdir(cacheDir)).length, 1);
    });
  });

  it("is whole for everybody when many make it at once", async () => {
    await withScratch(async (directory) => {
      const paths = await Promise.all(Array.from({ length: 8 }, () => ensureDemoModel(directory)));
      assert.equal(new Set(paths).size, 1);
      assert.equal((await readdir(directory)).length, 1);
      await readModelInfo(paths[0] ?? "");
    });
  });
});

describe("cutUnique", () => {
  it("cuts at words, and joins what was used before with what follows", () => {
    assert.deepEqual(cutUnique("a cat and a cat too", new Set()), ["a", " cat", " and", " a", " cat too"]);
    assert.throws(() => cutUnique("a a", new Set(["a", " a", "a a"])), RangeError);
  });
});
