export { ensureDemoModel, writeDemoModel } from "./synthetic/demo-model.ts";
export { type DownloadRetry, type OnRetry, UNWANTED } from "./download/download.ts";
export { type Endpoints, modelScopeEndpoint } from "./sources/hubs.ts";
export { cachesOf } from "./sources/caches-of.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { fetchModelApart } from "./download/fetch-apart.ts";
export { fetchModel, findFetched, modelCacheDir, type FetchOptions } from "./download/fetch-model.ts";
export { float32, type GgufValue, string, uint32 } from "./gguf/gguf-header.ts";
export { type GgufFile, type OnProgress, type TensorData, writeGguf } from "./gguf/gguf-writer.ts";
export {
  estimateMemory,
  type KvType,
  type MemoryEstimate,
  type MemoryOptions,
  type WorkerMemory,
} from "./estimate/memory-estimate.ts";
export { readModelInfo, type ModelInfo } from "./estimate/model-info.ts";
export { resolveModelSource, type ModelSource } from "./sources/model-source.ts";
export { syntheticFile, writeSyntheticModel } from "./synthetic/synthetic-model.ts";
export { SYNTHETIC_PRESETS, type SyntheticPreset } from "./synthetic/synthetic-presets.ts";
export { FILE_TYPE_IDS, type SyntheticQuantization } from "./synthetic/synthetic-recipe.ts";
