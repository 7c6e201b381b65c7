import { FILE_TYPE_IDS, SYNTHETIC_PRESETS } from "@drover/models";

/** A synthetic model of the same shapes: as fast and as large as the real one, and made in seconds. */
export interface Twin {
  readonly preset: string;
  readonly quantization: string;
}

/** The twin of a model by its name, such as `hf:unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF:Q4_K_M`. */
export function twinOf(model: string): Twin | undefined {
  const text = model.toLowerCase();
  const preset = Object.keys(SYNTHETIC_PRESETS).find(
    (name) => plain(name) !== "tiny" && plain(text).includes(plain(name)),
  );
  if (preset === undefined) return undefined;
  const quantization =
    Object.keys(FILE_TYPE_IDS).find((name) => text.includes(name)) ?? (/q4_k/.test(text) ? "q4_k_m" : "q4_0");
  return { preset, quantization };
}

/** "qwen2.5-0.5b" is written in many ways: with dots, dashes or underscores. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
