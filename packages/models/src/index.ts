export { ensureDemoModel, writeDemoModel } from "./demo-model.ts";
export type { DownloadRetry, OnRetry } from "./download.ts";
export type { Endpoints } from "./endpoints.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { fetchModelApart } from "./fetch-apart.ts";
export { fetchModel, findFetched, modelCacheDir, type FetchOptions } from "./fetch-model.ts";
export { float32, type GgufValue, string, uint32 } from "./gguf-header.ts";
export { type GgufFile, type OnProgress, type TensorData, writeGguf } from "./gguf-writer.ts";
export {
  estimateMemory,
  type KvType,
  type MemoryEstimate,
  type MemoryOptions,
  type WorkerMemory,
} from "./memory-estimate.ts";
export { readModelInfo, type ModelInfo } from "./model-info.ts";
export { resolveModelSource, type ModelSource } from "./model-source.ts";
export { syntheticFile, writeSyntheticModel } from "./synthetic-model.ts";
export { SYNTHETIC_PRESETS, type SyntheticPreset } from "./synthetic-presets.ts";
export type { SyntheticQuantization } from "./synthetic-recipe.ts";
