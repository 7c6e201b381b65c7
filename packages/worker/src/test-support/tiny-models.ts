import { float32, type GgufFile, type GgufValue, string, syntheticFile, type TensorData, uint32 } from "@drover/models";

const WIDTH = 64;
const LAYERS = 2;
const INNER = 2 * WIDTH;
const STATE = 16;
const CONVOLVED = 4;
const RANK = 4;

/** A recurrent model with random weights: what it knows of its prompt is one state, which can't be cut. */
export function tinyMamba(): GgufFile {
  const base = syntheticFile("tiny", "f16");
  const values = new Map<string, GgufValue>([
    ["general.architecture", string("mamba")],
    ["mamba.block_count", uint32(LAYERS)],
    ["mamba.context_length", uint32(8192)],
    ["mamba.embedding_length", uint32(WIDTH)],
    ["mamba.feed_forward_length", uint32(0)],
    ["mamba.attention.head_count", uint32(0)],
    ["mamba.attention.layer_norm_rms_epsilon", float32(1e-6)],
    ["mamba.ssm.conv_kernel", uint32(CONVOLVED)],
    ["mamba.ssm.inner_size", uint32(INNER)],
    ["mamba.ssm.state_size", uint32(STATE)],
    ["mamba.ssm.time_step_rank", uint32(RANK)],
    ...[...base.metadata].filter(([key]) => key.startsWith("tokenizer.")),
  ]);
  const outer = base.tensors.filter(({ name }) => !name.startsWith("blk."));
  return {
    metadata: values,
    tensors: [...outer, ...Array.from({ length: LAYERS }, (_, layer) => mixer(layer)).flat()],
  };
}

function mixer(layer: number): readonly TensorData[] {
  const at = `blk.${layer}.`;
  const random = randomValues(layer + 1);
  return [
    floats(`${at}attn_norm.weight`, [WIDTH], () => 1),
    floats(`${at}ssm_in.weight`, [WIDTH, 2 * INNER], () => 0.4 * random()),
    floats(`${at}ssm_conv1d.weight`, [CONVOLVED, INNER], random),
    floats(`${at}ssm_conv1d.bias`, [INNER], random),
    floats(`${at}ssm_x.weight`, [INNER, RANK + 2 * STATE], () => 0.5 * random()),
    floats(`${at}ssm_dt.weight`, [RANK, INNER], random),
    floats(`${at}ssm_dt.bias`, [INNER], random),
    // Negative: the state fades, here over some hundred tokens.
    floats(`${at}ssm_a`, [STATE, INNER], () => -0.01 * (1.2 + random())),
    floats(`${at}ssm_d`, [INNER], random),
    floats(`${at}ssm_out.weight`, [INNER, WIDTH], () => 4 * random()),
  ];
}

/** The tiny model as Gemma 2 has it: every second layer looks back on no more than `window` tokens. */
export function tinyGemma2(window: number): GgufFile {
  const base = syntheticFile("tiny", "f16");
  const entries = [...base.metadata].map(([key, value]) => [key.replace(/^qwen2\./, "gemma2."), value] as const);
  const metadata = new Map<string, GgufValue>(entries);
  metadata.set("general.architecture", string("gemma2"));
  metadata.set("gemma2.attention.sliding_window", uint32(window));
  metadata.set("gemma2.attention.key_length", uint32(WIDTH / 4));
  metadata.set("gemma2.attention.value_length", uint32(WIDTH / 4));
  const tensors = base.tensors.filter(({ name }) => !name.endsWith(".bias") && name !== "output.weight");
  const norms = Array.from({ length: LAYERS }, (_, layer) => [
    floats(`blk.${layer}.post_attention_norm.weight`, [WIDTH], () => 4),
    floats(`blk.${layer}.post_ffw_norm.weight`, [WIDTH], () => 4),
  ]);
  return { metadata, tensors: [...tensors, ...norms.flat()] };
}

/** Between -1 and 1; the same each time. */
function randomValues(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x3fffffff - 1;
  };
}

function floats(name: string, shape: readonly number[], value: () => number): TensorData {
  return {
    name,
    shape: [...shape],
    type: "F32",
    data: () => [new Uint8Array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => value()).buffer)],
  };
}
