export { ensureDemoModel, writeDemoModel } from "./demo-model.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export type { OnProgress } from "./gguf-writer.ts";
export { resolveModelSource, type ModelSource } from "./model-source.ts";
export { readModelInfo, type ModelInfo } from "./model-info.ts";
export { writeSyntheticModel } from "./synthetic-model.ts";
export { SYNTHETIC_PRESETS, type SyntheticPreset } from "./synthetic-presets.ts";
export type { SyntheticQuantization } from "./synthetic-recipe.ts";
