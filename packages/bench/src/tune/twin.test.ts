import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { twinOf } from "./twin.ts";

describe("a model's synthetic twin", () => {
  it("is found by the model's name as publishers write it", () => {
    const preset = "deepseek-r1-distill-qwen-1.5b";
    assert.deepEqual(twinOf("hf:unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF:Q4_K_M"), {
      preset,
      quantization: "q4_k_m",
    });
    assert.deepEqual(twinOf("/models/deepseek_r1_distill_qwen_1_5b-Q8_0.gguf"), { preset, quantization: "q8_0" });
    assert.deepEqual(twinOf("qwen2.5-0.5b:q4_0"), { preset: "qwen2.5-0.5b", quantization: "q4_0" });
  });

  it("is none for a model that has no preset", () => {
    assert.equal(twinOf("hf:org/Some-70B-GGUF:Q4_K_M"), undefined);
    assert.equal(twinOf("/nowhere/m.gguf"), undefined);
  });
});
