import { ModelError } from "../errors.ts";
import { float32, string, tensorBytes, uint32, type GgufValue } from "../gguf/gguf-header.ts";
import { writeGguf, type GgufFile, type OnProgress, type TensorData } from "../gguf/gguf-writer.ts";
import { randomBlocks, type MatrixType, type RandomBlocks } from "./random-blocks.ts";
import { randomSource } from "./random-source.ts";
import { SYNTHETIC_PRESETS, type SyntheticPreset, type SyntheticShape } from "./synthetic-presets.ts";
import { FILE_TYPE_IDS, matrixType, type MatrixRole, type SyntheticQuantization } from "./synthetic-recipe.ts";
import { makeVocabulary, type SyntheticVocabulary } from "./synthetic-vocabulary.ts";

/**
 * Writes a GGUF file with a published model's shapes, encodings, tokenizer family and chat template, and with random weights: it costs
 * the same time and memory as the real one, which depend on shapes only, and says nonsense. Special tokens have no output weights, so it never
 * ends by itself: a generation has exactly as many tokens as were asked for, all of them text. Always the same bytes for the same arguments.
 *
 * @param options.pure one encoding for all matrices, as `llama-quantize --pure`; by itself the output matrix and others get more bits
 * @throws ModelError `source_invalid` for an unknown preset or quantization, `disk_full`, `write_failed`
 */
export async function writeSyntheticModel(
  preset: string,
  path: string,
  quantization: string,
  options: { readonly onProgress?: OnProgress; readonly pure?: boolean } = {},
): Promise<void> {
  await writeGguf(path, syntheticFile(preset, quantization, options.pure), options.onProgress);
}

/** What {@link writeSyntheticModel} writes. */
export function syntheticFile(preset: string, quantization: string, pure = false): GgufFile {
  if (!isPreset(preset)) throw unknown("preset", preset, Object.keys(SYNTHETIC_PRESETS));
  if (!isQuantization(quantization)) throw unknown("quantization", quantization, Object.keys(FILE_TYPE_IDS));
  const shape = SYNTHETIC_PRESETS[preset];
  const vocabulary = makeVocabulary(shape.vocabularySize, shape.special);
  const metadata = makeMetadata(preset, shape, vocabulary, quantization);
  return { metadata, tensors: makeTensors(shape, vocabulary, quantization, pure) };
}

function isPreset(name: string): name is SyntheticPreset {
  return Object.hasOwn(SYNTHETIC_PRESETS, name);
}

function isQuantization(name: string): name is SyntheticQuantization {
  return Object.hasOwn(FILE_TYPE_IDS, name);
}

function unknown(what: string, given: string, known: readonly string[]): ModelError {
  return new ModelError("source_invalid", `There is no ${what} "${given}". Choose one of: ${known.join(", ")}.`);
}

function makeMetadata(
  preset: SyntheticPreset,
  shape: SyntheticShape,
  { tokens, types, merges }: SyntheticVocabulary,
  quantization: SyntheticQuantization,
): ReadonlyMap<string, GgufValue> {
  const own = shape.architecture;
  const id = (token: string): GgufValue => uint32(tokens.indexOf(token));
  return new Map<string, GgufValue>([
    ["general.architecture", string(own)],
    ["general.type", string("model")],
    ["general.name", string(`Synthetic ${preset}`)],
    ["general.description", string(`Random weights in the shapes of ${preset}: for measuring, not for answers`)],
    ["general.file_type", uint32(FILE_TYPE_IDS[quantization])],
    ["general.quantization_version", uint32(2)],
    [`${own}.block_count`, uint32(shape.layers)],
    [`${own}.context_length`, uint32(shape.contextTokens)],
    [`${own}.embedding_length`, uint32(shape.embeddingLength)],
    [`${own}.feed_forward_length`, uint32(shape.feedForwardLength)],
    [`${own}.attention.head_count`, uint32(shape.heads)],
    [`${own}.attention.head_count_kv`, uint32(shape.kvHeads)],
    [`${own}.attention.layer_norm_rms_epsilon`, float32(shape.normEpsilon)],
    [`${own}.rope.freq_base`, float32(shape.ropeBase)],
    [`${own}.rope.dimension_count`, uint32(shape.embeddingLength / shape.heads)],
    [`${own}.vocab_size`, uint32(shape.vocabularySize)],
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string(shape.preTokenizer)],
    ["tokenizer.ggml.tokens", { type: "strings", value: tokens }],
    ["tokenizer.ggml.token_type", { type: "int32s", value: types }],
    ["tokenizer.ggml.merges", { type: "strings", value: merges }],
    ["tokenizer.ggml.bos_token_id", id(shape.special.bos)],
    ["tokenizer.ggml.eos_token_id", id(shape.special.eos)],
    ["tokenizer.ggml.padding_token_id", id(shape.special.pad)],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: shape.addBos }],
    ["tokenizer.chat_template", string(shape.special.chatTemplate)],
  ]);
}

function makeTensors(
  shape: SyntheticShape,
  vocabulary: SyntheticVocabulary,
  quantization: SyntheticQuantization,
  pure: boolean,
): readonly TensorData[] {
  const blocks = randomBlocks(randomSource(20_260_101));
  const { embeddingLength: width, layers, tied } = shape;
  const make: MakeMatrix = (name, rows, kind, options = {}) => {
    const { rowValues = width, gain = 1, layer } = options;
    const type = matrixType(quantization, { kind, layer, layers, rowValues, tied }, pure);
    const silent = kind === "output" || (kind === "embedding" && tied) ? vocabulary.silent : undefined;
    const deviation = gain / Math.sqrt(rowValues);
    const matrix = { name, shape: [rowValues, rows], type } as const;
    return { ...matrix, data: () => randomRows(matrix, blocks, deviation, silent) };
  };
  return [
    make("token_embd.weight", shape.vocabularySize, "embedding", { gain: shape.gains.embedding }),
    ...ropeFactors(shape),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(shape, layer, make)).flat(),
    vector("output_norm.weight", width, 1),
    ...(tied ? [] : [make("output.weight", shape.vocabularySize, "output")]),
  ];
}

type MakeMatrix = (
  name: string,
  rows: number,
  kind: MatrixRole["kind"],
  options?: { readonly rowValues?: number; readonly gain?: number; readonly layer?: number },
) => TensorData;

function layerTensors(shape: SyntheticShape, layer: number, make: MakeMatrix): readonly TensorData[] {
  const { embeddingLength: width, feedForwardLength, gains } = shape;
  const keyValue = (width / shape.heads) * shape.kvHeads;
  const prefix = `blk.${layer}.`;
  const bias = (name: string, length: number): readonly TensorData[] =>
    shape.architecture === "qwen2" ? [vector(`${prefix}${name}.bias`, length, 0)] : [];
  return [
    vector(`${prefix}attn_norm.weight`, width, 1),
    make(`${prefix}attn_q.weight`, width, "attention", { layer, gain: gains.queryKey }),
    ...bias("attn_q", width),
    make(`${prefix}attn_k.weight`, keyValue, "attention", { layer, gain: gains.queryKey }),
    ...bias("attn_k", keyValue),
    make(`${prefix}attn_v.weight`, keyValue, "attention-value", { layer, gain: gains.value }),
    ...bias("attn_v", keyValue),
    make(`${prefix}attn_output.weight`, width, "attention", { layer, gain: gains.value }),
    vector(`${prefix}ffn_norm.weight`, width, 1),
    make(`${prefix}ffn_gate.weight`, feedForwardLength, "feed-forward", { layer }),
    make(`${prefix}ffn_up.weight`, feedForwardLength, "feed-forward", { layer }),
    make(`${prefix}ffn_down.weight`, width, "feed-forward-down", { layer, rowValues: feedForwardLength }),
  ];
}

/** Llama 3.2 carries factors that stretch its rotary frequencies; 1 leaves them alone. */
function ropeFactors(shape: SyntheticShape): readonly TensorData[] {
  if (shape.architecture !== "llama") return [];
  return [vector("rope_freqs.weight", shape.embeddingLength / shape.heads / 2, 1)];
}

function vector(name: string, length: number, value: number): TensorData {
  const values = new Float32Array(length).fill(value);
  return { name, shape: [length], type: "F32", data: () => [new Uint8Array(values.buffer)] };
}

/** About this much is written at once. */
const PIECE_BYTES = 4 * 2 ** 20;

function* randomRows(
  matrix: {
    readonly name: string;
    readonly shape: readonly [number, number];
    readonly type: MatrixType;
  },
  blocks: RandomBlocks,
  deviation: number,
  silent: ReadonlySet<number> | undefined,
): Iterable<Uint8Array> {
  const [rowValues, rows] = matrix.shape;
  const rowBytes = tensorBytes({ ...matrix, shape: [rowValues, 1] });
  const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - row);
    const piece = new Uint8Array(count * rowBytes);
    blocks.draw(piece, matrix.type, deviation);
    for (let index = 0; index < count; index++) {
      if (silent?.has(row + index) === true) piece.fill(0, index * rowBytes, (index + 1) * rowBytes);
    }
    yield piece;
  }
}
