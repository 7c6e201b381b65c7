import { basename, dirname, join } from "node:path";
import { ModelError } from "../errors.ts";
import { fileTypeName } from "../gguf/file-types.ts";
import { readGguf, type GgufContent, type MetadataValue, type TensorInfo } from "../gguf/gguf-reader.ts";
import { slidingLayers } from "./sliding-window.ts";
import { splitPart } from "../gguf/split-parts.ts";

/** What a GGUF file says about its model. */
export interface ModelInfo {
  /** As given; what the engine is to load (the first part of a model in parts). */
  readonly path: string;
  /** How many files the model is in. */
  readonly parts: number;
  /** llama.cpp's name of it, such as `qwen2`. */
  readonly architecture: string;
  /** `general.name`, or else the file's name without `.gguf`. */
  readonly name: string;
  /** Values in all tensors. */
  readonly parameters: number;
  /** Such as `Q4_K_M`. */
  readonly quantization: string;
  /** The context that the model was trained for. */
  readonly contextTokens: number;
  readonly layers: number;
  readonly embeddingLength: number;
  readonly heads: number;
  /** Heads of keys and values in each layer; 0 where a layer has no attention. */
  readonly kvHeads: readonly number[];
  readonly keyLength: number;
  readonly valueLength: number;
  readonly feedForwardLength: number;
  readonly vocabularySize: number;
  /** The Jinja template; undefined where the file has none (a base model). */
  readonly chatTemplate: string | undefined;
  /** All parts together. */
  readonly fileBytes: number;
  /** Tensor data of all parts. */
  readonly tensorBytes: number;
  /** Every tensor, as the engine will see it. */
  readonly tensors: readonly TensorInfo[];
  /** Whether some layers keep a state instead of, or beside, keys and values (Mamba, RWKV, hybrids). */
  readonly recurrent: boolean;
  /** Tokens that the layers with a sliding window see; undefined where there are none. */
  readonly slidingWindowTokens: number | undefined;
  /** For each layer, whether it has a sliding window. */
  readonly slidingLayers: readonly boolean[];
}

/**
 * Reads what a GGUF file, or the first of its parts, says about its model. Reads headers only, and checks that each file is long
 * enough for its tensors.
 *
 * @throws ModelError `model_missing`, `model_unreadable`, `model_not_gguf`, `model_corrupt`, `model_truncated`, `model_unsupported`
 */
export async function readModelInfo(path: string): Promise<ModelInfo> {
  const first = await readGguf(path);
  const others = await readOtherParts(path, first);
  checkChatModel(path, first);
  return describe(path, [first, ...others]);
}

async function readOtherParts(path: string, first: GgufContent): Promise<readonly GgufContent[]> {
  const declared = first.metadata.get("split.count");
  const parts = typeof declared === "number" ? declared : 1;
  if (parts <= 1) return [];
  const name = splitPart(basename(path));
  if (name === undefined || name.parts !== parts) {
    const message = `${path} is one of ${parts} parts, but its name does not end in -00001-of-${String(parts).padStart(5, "0")}.gguf. Give it its name back.`;
    throw new ModelError("model_unsupported", message);
  }
  if (name.part !== 1) {
    const message = `${path} is part ${name.part} of ${parts}. Give the first: ${join(dirname(path), name.nameOf(1))}.`;
    throw new ModelError("model_unsupported", message);
  }
  const others: GgufContent[] = [];
  for (let part = 2; part <= parts; part++)
    others.push(await readPart(join(dirname(path), name.nameOf(part)), part, parts));
  return others;
}

async function readPart(path: string, part: number, parts: number): Promise<GgufContent> {
  try {
    return await readGguf(path);
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== "model_missing") throw error;
    const message = `${path} is missing: it is part ${part} of ${parts} of the model. Fetch it too.`;
    throw new ModelError("model_truncated", message, { cause: error });
  }
}

function checkChatModel(path: string, { metadata, tensors }: GgufContent): void {
  const type = metadata.get("general.type");
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string") {
    throw new ModelError("model_corrupt", `${path} does not name its architecture. Convert it again.`);
  }
  const reason =
    type === "adapter"
      ? "a LoRA adapter"
      : type === "mmproj" || architecture === "clip"
        ? "the image part of a model (mmproj)"
        : tensors.length === 0
          ? "a vocabulary without weights"
          : undefined;
  if (reason === undefined) return;
  throw new ModelError("model_unsupported", `${path} is ${reason}, not a model. Give the model's own GGUF file.`);
}

function describe(path: string, contents: readonly GgufContent[]): ModelInfo {
  const metadata = contents[0]?.metadata ?? new Map<string, MetadataValue>();
  const tensors = contents.flatMap((content) => content.tensors);
  const architecture = asString(metadata.get("general.architecture")) ?? "";
  const own = (key: string): MetadataValue | undefined => metadata.get(`${architecture}.${key}`);
  const layers = asNumber(own("block_count")) ?? 0;
  const embeddingLength = asNumber(own("embedding_length")) ?? 0;
  const heads = largest(own("attention.head_count")) ?? 0;
  const headLength = heads > 0 ? Math.floor(embeddingLength / heads) : 0;
  const name = metadata.get("general.name");
  return {
    path,
    parts: contents.length,
    architecture,
    name: typeof name === "string" && name !== "" ? name : basename(path).replace(/\.gguf$/i, ""),
    parameters: tensors.reduce((sum, tensor) => sum + valuesIn(tensor), 0),
    quantization: quantization(metadata, tensors),
    contextTokens: asNumber(own("context_length")) ?? 0,
    layers,
    embeddingLength,
    heads,
    kvHeads: perLayer(own("attention.head_count_kv"), layers, heads),
    keyLength: asNumber(own("attention.key_length")) ?? headLength,
    valueLength: asNumber(own("attention.value_length")) ?? headLength,
    feedForwardLength: largest(own("feed_forward_length")) ?? 0,
    vocabularySize: vocabularySize(metadata, own("vocab_size")),
    chatTemplate: asString(metadata.get("tokenizer.chat_template")),
    fileBytes: contents.reduce((sum, content) => sum + content.fileBytes, 0),
    tensorBytes: tensors.reduce((sum, tensor) => sum + tensor.sizeBytes, 0),
    tensors,
    recurrent: own("ssm.state_size") !== undefined || own("wkv.head_size") !== undefined,
    ...slidingLayers(
      architecture,
      layers,
      asNumber(own("attention.sliding_window")),
      own("attention.sliding_window_pattern"),
    ),
  };
}

/** The declared one, or else the encoding that holds most of the bytes. */
function quantization(metadata: ReadonlyMap<string, MetadataValue>, tensors: readonly TensorInfo[]): string {
  const declared = metadata.get("general.file_type");
  const name = typeof declared === "number" ? fileTypeName(declared) : undefined;
  if (name !== undefined) return name;
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.typeName, (bytes.get(tensor.typeName) ?? 0) + tensor.sizeBytes);
  return [...bytes].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? "unknown";
}

function vocabularySize(metadata: ReadonlyMap<string, MetadataValue>, declared: MetadataValue | undefined): number {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return typeof tokens === "object" ? tokens.length : (asNumber(declared) ?? 0);
}

function perLayer(value: MetadataValue | undefined, layers: number, otherwise: number): readonly number[] {
  const length = Math.min(layers, 4096);
  if (Array.isArray(value)) return Array.from({ length }, (_, layer) => Number(value[layer] ?? 0));
  const count = asNumber(value) ?? otherwise;
  return Array.from({ length }, () => count);
}

function valuesIn(tensor: TensorInfo): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}

function largest(value: MetadataValue | undefined): number | undefined {
  return Array.isArray(value) ? value.reduce<number>((most, item) => Math.max(most, Number(item)), 0) : asNumber(value);
}

function asNumber(value: MetadataValue | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function asString(value: MetadataValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
