import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BYTE_ALPHABET } from "./byte-alphabet.ts";
import { cutUnique, DEMO_TEXT, type DemoText } from "./demo-text.ts";
import { float32, string, tensorBytes, uint32, type GgufValue } from "../gguf/gguf-header.ts";
import { encodeGguf, writeGguf, type GgufFile, type TensorData } from "../gguf/gguf-writer.ts";
import { halfBytes } from "../gguf/half-float.ts";
import { randomSource } from "./random-source.ts";

/**
 * Writes the demo model: a real GGUF file that llama.cpp runs and that responds to any chat with one fixed text, a
 * `<think>` part first, ending with its end-of-text token. Always the same bytes.
 *
 * Its weights are constructed rather than trained. Attention and feed-forward are zero, so the last hidden state is the
 * embedding of the last token alone; the row of the output matrix for a token is the embedding of its predecessor in the text.
 * Embeddings are random, hence nearly orthogonal: the successor's logit is {@link TOP_LOGIT} and every other one is within
 * a fifth of that around 0, so that the text also holds at high temperatures.
 *
 * @param text to say instead; it must not end in words that stand in it before
 * @throws ModelError `disk_full`, `write_failed`
 */
export async function writeDemoModel(path: string, text: DemoText = DEMO_TEXT): Promise<void> {
  await writeGguf(path, demoFile(text));
}

/**
 * The path of the demo model in `cacheDir`, which is written first where it is missing or damaged. Its name carries a
 * hash of its content, so that another version of Drover makes its own.
 *
 * @throws ModelError `disk_full`, `write_failed`
 */
export async function ensureDemoModel(cacheDir: string): Promise<string> {
  demoVersion ??= versionOf(encodeGguf(demoFile(DEMO_TEXT)));
  const path = join(cacheDir, `drover-demo-${demoVersion}.gguf`);
  const found = await readFile(path).catch(() => undefined);
  if (found === undefined || versionOf(found) !== demoVersion) await writeDemoModel(path);
  return path;
}

/** Known once it was made: a reload asks again, and making it holds up everything else for a tenth of a second. */
let demoVersion: string | undefined;

function versionOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 12);
}

const WIDTH = 256;
const FEED_FORWARD = 256;
const TOP_LOGIT = 40;

// names that llama.cpp knows as start and end; it warns about an end token of another name
const START = "<|begin_of_text|>";
const END = "<|end_of_text|>";
const USER = "<|user|>";
const SYSTEM = "<|system|>";
const ASSISTANT = "<|assistant|>";

const CHAT_TEMPLATE = [
  "{% for message in messages %}",
  `{% if message['role'] == 'assistant' %}${ASSISTANT}{{ message['content'] }}${END}`,
  `{% elif message['role'] == 'system' %}${SYSTEM}{{ message['content'] }}`,
  `{% else %}${USER}{{ message['content'] }}{% endif %}`,
  `{% endfor %}{% if add_generation_prompt %}${ASSISTANT}{% endif %}`,
].join("");

interface Vocabulary {
  readonly tokens: readonly string[];
  /** GGUF's token types: 1 normal, 3 control, 4 user defined (matched in any text, printed as it is). */
  readonly types: readonly number[];
  /** Token ids in the order in which the model yields them; the first is the prompt's last. */
  readonly walk: readonly number[];
}

function demoFile(text: DemoText): GgufFile {
  const vocabulary = makeVocabulary(text);
  return { metadata: makeMetadata(vocabulary), tensors: makeTensors(vocabulary) };
}

function makeVocabulary(text: DemoText): Vocabulary {
  const control = [START, END, USER, SYSTEM, ASSISTANT];
  const marks = ["<think>", "</think>"];
  const taken = new Set(Array.from({ length: 128 }, (_, byte) => String.fromCodePoint(byte)));
  const thought = cutUnique(text.thought, taken);
  const answer = cutUnique(text.answer, taken);
  const pieces = [...thought, ...answer].filter((piece) => piece !== "🐑");
  const tokens = [...BYTE_ALPHABET, ...control, ...marks, ...pieces];
  const types = [...BYTE_ALPHABET.map(() => 1), ...control.map(() => 3), ...[...marks, ...pieces].map(() => 4)];
  const id = (token: string): number => tokens.indexOf(token, BYTE_ALPHABET.length);
  const ids = (piece: string): readonly number[] => (piece === "🐑" ? [...Buffer.from(piece)] : [id(piece)]);
  const walk = [ASSISTANT, "<think>", ...thought, "</think>", ...answer, END].flatMap(ids);
  return { tokens, types, walk };
}

function makeMetadata({ tokens, types }: Vocabulary): ReadonlyMap<string, GgufValue> {
  return new Map<string, GgufValue>([
    ["general.architecture", string("llama")],
    ["general.type", string("model")],
    ["general.name", string("Drover demo")],
    ["general.description", string("Constructed weights: answers every chat with one fixed text")],
    ["general.license", string("mit")],
    ["general.file_type", uint32(1)],
    ["general.quantization_version", uint32(2)],
    ["llama.block_count", uint32(1)],
    ["llama.context_length", uint32(32_768)],
    ["llama.embedding_length", uint32(WIDTH)],
    ["llama.feed_forward_length", uint32(FEED_FORWARD)],
    ["llama.attention.head_count", uint32(4)],
    ["llama.attention.head_count_kv", uint32(1)],
    ["llama.rope.dimension_count", uint32(WIDTH / 4)],
    ["llama.attention.layer_norm_rms_epsilon", float32(1e-6)],
    ["llama.vocab_size", uint32(tokens.length)],
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string("default")],
    ["tokenizer.ggml.tokens", { type: "strings", value: tokens }],
    ["tokenizer.ggml.token_type", { type: "int32s", value: types }],
    // llama.cpp wants the key; this merge makes a token that the vocabulary lacks, so it never applies
    ["tokenizer.ggml.merges", { type: "strings", value: ["! !"] }],
    ["tokenizer.ggml.bos_token_id", uint32(tokens.indexOf(START))],
    ["tokenizer.ggml.eos_token_id", uint32(tokens.indexOf(END))],
    ["tokenizer.ggml.padding_token_id", uint32(tokens.indexOf(END))],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: true }],
    ["tokenizer.chat_template", string(CHAT_TEMPLATE)],
  ]);
}

function makeTensors(vocabulary: Vocabulary): readonly TensorData[] {
  const { embeddings, outputs } = makeWeights(vocabulary);
  const count = vocabulary.tokens.length;
  const keyValue = WIDTH / 4;
  return [
    tensor("token_embd.weight", [WIDTH, count], embeddings),
    ones("blk.0.attn_norm.weight"),
    zeros("blk.0.attn_q.weight", [WIDTH, WIDTH]),
    zeros("blk.0.attn_k.weight", [WIDTH, keyValue]),
    zeros("blk.0.attn_v.weight", [WIDTH, keyValue]),
    zeros("blk.0.attn_output.weight", [WIDTH, WIDTH]),
    ones("blk.0.ffn_norm.weight"),
    zeros("blk.0.ffn_gate.weight", [WIDTH, FEED_FORWARD]),
    zeros("blk.0.ffn_up.weight", [WIDTH, FEED_FORWARD]),
    zeros("blk.0.ffn_down.weight", [FEED_FORWARD, WIDTH]),
    ones("output_norm.weight"),
    tensor("output.weight", [WIDTH, count], outputs),
  ];
}

/**
 * Every token that is not walked has nearly the same embedding ("elsewhere"), and the first word of the text follows on it:
 * a plain completion of any prompt then says the text too, without a row that sums many predecessors and drowns the rest.
 */
function makeWeights({ tokens, walk }: Vocabulary): { embeddings: Float32Array; outputs: Float32Array } {
  const random = randomSource(0xd20_7e2);
  const vector = (): Float32Array => unit(Float32Array.from({ length: WIDTH }, random.normal));
  const walked = new Set(walk.slice(0, -1));
  const elsewhere = vector();
  const embeddings = new Float32Array(tokens.length * WIDTH);
  for (let id = 0; id < tokens.length; id++) {
    const own = vector();
    embeddings.set(walked.has(id) ? own : unit(own.map((value, k) => 0.3 * value + (elsewhere[k] ?? 0))), id * WIDTH);
  }
  const outputs = new Float32Array(tokens.length * WIDTH);
  // the last norm scales a vector to length sqrt(WIDTH), so this makes the successor's logit TOP_LOGIT
  const scale = TOP_LOGIT / Math.sqrt(WIDTH);
  const follow = (id: number, predecessor: ArrayLike<number>): void => {
    for (let k = 0; k < WIDTH; k++) outputs[id * WIDTH + k]! += scale * (predecessor[k] ?? 0);
  };
  for (const [index, id] of walk.entries()) {
    const previous = walk[index - 1];
    if (previous !== undefined) follow(id, embeddings.subarray(previous * WIDTH, (previous + 1) * WIDTH));
  }
  const first = walk[1];
  if (first !== undefined) follow(first, elsewhere);
  return { embeddings, outputs };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function tensor(name: string, shape: readonly number[], values: Float32Array): TensorData {
  return { name, shape, type: "F16", data: () => [halfBytes(values)] };
}

function zeros(name: string, shape: readonly number[]): TensorData {
  const sizeBytes = tensorBytes({ name, shape, type: "F16" });
  return { name, shape, type: "F16", data: () => [new Uint8Array(sizeBytes)] };
}

function ones(name: string): TensorData {
  const data = (): Uint8Array[] => [new Uint8Array(new Float32Array(WIDTH).fill(1).buffer)];
  return { name, shape: [WIDTH], type: "F32", data };
}
