import { ggmlType, type WrittenType } from "./ggml-types.ts";

/** A metadata value as GGUF spells it. */
export type GgufValue =
  | { readonly type: "uint32"; readonly value: number }
  | { readonly type: "float32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "int32s"; readonly value: readonly number[] };

export function uint32(value: number): GgufValue {
  return { type: "uint32", value };
}

export function float32(value: number): GgufValue {
  return { type: "float32", value };
}

export function string(value: string): GgufValue {
  return { type: "string", value };
}

/** A tensor to be written; `shape` is innermost first, as in ggml (a matrix of 3 rows of 64 is `[64, 3]`). */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: WrittenType;
}

/** The header of a GGUF v3 file, padded to the data section, and how long each tensor's data is there. */
export interface GgufHeader {
  readonly bytes: Buffer;
  readonly tensorBytes: readonly number[];
  readonly dataBytes: number;
}

/** GGUF's default alignment of the data section and of each tensor in it. */
const ALIGNMENT_BYTES = 32;

/** Encodes a GGUF v3 header. Source: ggml/docs/gguf.md. */
export function encodeHeader(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly TensorShape[]): GgufHeader {
  const sink = new ByteSink();
  sink.raw(Buffer.from("GGUF"));
  sink.uint32(3);
  sink.uint64(tensors.length);
  sink.uint64(metadata.size);
  for (const [key, value] of metadata) {
    sink.string(key);
    writeValue(sink, value);
  }
  const sizes = tensors.map(tensorBytes);
  let offsetBytes = 0;
  for (const [index, tensor] of tensors.entries()) {
    writeTensor(sink, tensor, offsetBytes);
    offsetBytes += align(sizes[index] ?? 0);
  }
  sink.padTo(ALIGNMENT_BYTES);
  return { bytes: sink.bytes(), tensorBytes: sizes, dataBytes: offsetBytes };
}

/** Rounds up to {@link ALIGNMENT_BYTES}. */
export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** Bytes that the tensor's data takes. Throws RangeError where a row is not complete blocks. */
export function tensorBytes(tensor: TensorShape): number {
  const { blockValues, blockBytes } = ggmlType(tensor.type);
  const rowValues = tensor.shape[0] ?? 1;
  if (rowValues % blockValues !== 0) {
    throw new RangeError(`${tensor.name}: rows of ${rowValues} do not divide into ${tensor.type} blocks`);
  }
  return (tensor.shape.reduce((product, size) => product * size, 1) / blockValues) * blockBytes;
}

// GGUF's ids of value types
const TYPE_IDS = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

function writeValue(sink: ByteSink, value: GgufValue): void {
  switch (value.type) {
    case "uint32":
      sink.uint32(TYPE_IDS.uint32);
      return sink.uint32(value.value);
    case "float32":
      sink.uint32(TYPE_IDS.float32);
      return sink.float32(value.value);
    case "bool":
      sink.uint32(TYPE_IDS.bool);
      return sink.raw(Buffer.from([value.value ? 1 : 0]));
    case "string":
      sink.uint32(TYPE_IDS.string);
      return sink.string(value.value);
    case "strings":
      writeArrayHead(sink, TYPE_IDS.string, value.value.length);
      return value.value.forEach((text) => sink.string(text));
    case "int32s":
      writeArrayHead(sink, TYPE_IDS.int32, value.value.length);
      return value.value.forEach((number) => sink.int32(number));
  }
}

function writeArrayHead(sink: ByteSink, typeId: number, length: number): void {
  sink.uint32(TYPE_IDS.array);
  sink.uint32(typeId);
  sink.uint64(length);
}

function writeTensor(sink: ByteSink, tensor: TensorShape, offsetBytes: number): void {
  sink.string(tensor.name);
  sink.uint32(tensor.shape.length);
  for (const size of tensor.shape) sink.uint64(size);
  sink.uint32(ggmlType(tensor.type).id);
  sink.uint64(offsetBytes);
}

/** A growing little-endian buffer: a vocabulary has half a million small fields, too many for a Buffer each. */
class ByteSink {
  private buffer = Buffer.alloc(1 << 16);
  private length = 0;

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  raw(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.reserve(bytes.length));
  }

  uint32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeUInt32LE(value, at);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeInt32LE(value, at);
  }

  float32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeFloatLE(value, at);
  }

  uint64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeBigUInt64LE(BigInt(value), at);
  }

  string(text: string): void {
    const sizeBytes = Buffer.byteLength(text);
    this.uint64(sizeBytes);
    const at = this.reserve(sizeBytes);
    this.buffer.write(text, at);
  }

  padTo(alignment: number): void {
    const at = this.reserve((alignment - (this.length % alignment)) % alignment);
    this.buffer.fill(0, at, this.length);
  }

  private reserve(sizeBytes: number): number {
    const at = this.length;
    this.length += sizeBytes;
    if (this.length > this.buffer.length) {
      const grown = Buffer.alloc(Math.max(this.length, this.buffer.length * 2));
      this.buffer.copy(grown);
      this.buffer = grown;
    }
    return at;
  }
}
