import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { ModelError } from "../errors.ts";
import { ggmlTypeById } from "./ggml-types.ts";

/** A metadata value. Arrays of strings, and long ones, are known by their length only: nobody needs a vocabulary here. */
export type MetadataValue = number | boolean | string | readonly (number | boolean)[] | { readonly length: number };

export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly typeName: string;
  readonly sizeBytes: number;
}

export interface GgufContent {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: readonly TensorInfo[];
  readonly fileBytes: number;
}

/**
 * Reads the header of a GGUF file (v2 or v3): metadata and the list of tensors, and checks that the file is long enough to hold
 * them. Counts in the header are believed only as far as the file has bytes for them, so a corrupt one costs neither memory nor time.
 *
 * @throws ModelError `model_missing`, `model_unreadable`, `model_not_gguf`, `model_unsupported`, `model_corrupt`, `model_truncated`
 */
export async function readGguf(path: string): Promise<GgufContent> {
  const handle = await openModel(path);
  try {
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new ModelError("model_unreadable", `${path} is not a file. Give the path of a GGUF file.`);
    return await readGrowing(path, handle, stats.size);
  } finally {
    await handle.close();
  }
}

/** Most headers end within the first window (a vocabulary of 150,000 takes 5 MB); a longer one is read again, fourfold. */
const FIRST_WINDOW_BYTES = 8 * 2 ** 20;
/** No model's header comes near any of these: a vocabulary of 256,000 with its merges takes 15 MB. More would cost memory and time before it is refused. */
const LARGEST_HEADER_BYTES = 128 * 2 ** 20;
const MOST_KEYS = 65_536;
const MOST_TENSORS = 262_144;
const LONGEST_KEPT_ARRAY = 4096;
const LONGEST_NAME_BYTES = 65_535;

async function openModel(path: string): Promise<FileHandle> {
  try {
    // Else one waits here until somebody writes into a pipe.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "unknown";
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ModelError("model_missing", `${path} does not exist. Check the path of the model.`, { cause: error });
    }
    const message = `${path} can't be read (${String(code)}). Check its permissions.`;
    throw new ModelError("model_unreadable", message, { cause: error });
  }
}

async function readGrowing(path: string, handle: FileHandle, fileBytes: number): Promise<GgufContent> {
  let windowBytes = Math.min(fileBytes, FIRST_WINDOW_BYTES);
  for (;;) {
    const window = Buffer.alloc(windowBytes);
    const length = await readFully(handle, window);
    const cursor = new Cursor(path, window.subarray(0, length), fileBytes);
    const content = parseUnlessShort(cursor);
    if (content !== "short") return content;
    if (length >= fileBytes || length < windowBytes) {
      throw truncated(path, `it ends after ${length} bytes, inside its header`);
    }
    if (windowBytes >= LARGEST_HEADER_BYTES) throw corrupt(path, `its header is over ${LARGEST_HEADER_BYTES} bytes`);
    windowBytes = Math.min(fileBytes, windowBytes * 4, LARGEST_HEADER_BYTES);
  }
}

async function readFully(handle: FileHandle, window: Buffer): Promise<number> {
  let length = 0;
  while (length < window.length) {
    const { bytesRead } = await handle.read(window, length, window.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

function parseUnlessShort(cursor: Cursor): GgufContent | "short" {
  try {
    return parse(cursor);
  } catch (error) {
    if (error === SHORT) return "short";
    throw error;
  }
}

function parse(cursor: Cursor): GgufContent {
  checkMagic(cursor);
  const tensorCount = cursor.count("tensors", 24, MOST_TENSORS);
  const keyCount = cursor.count("metadata keys", 13, MOST_KEYS);
  const metadata = new Map<string, MetadataValue>();
  for (let index = 0; index < keyCount; index++) {
    const key = cursor.name("key");
    metadata.set(key, readValue(cursor, cursor.uint32(), key));
  }
  const entries: TensorEntry[] = [];
  for (let index = 0; index < tensorCount; index++) entries.push(readTensor(cursor));
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || alignment < 1 || alignment > 2 ** 20) {
    throw corrupt(cursor.path, "its alignment is impossible");
  }
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  for (const entry of entries) checkInside(cursor, dataStart, entry);
  return { metadata, tensors: entries, fileBytes: cursor.fileBytes };
}

function checkMagic(cursor: Cursor): void {
  if (cursor.fileBytes === 0) throw notGguf(cursor.path, "it is empty");
  if (cursor.fileBytes < 4 || cursor.take(4).toString("latin1") !== "GGUF") {
    throw notGguf(cursor.path, "it does not start with GGUF");
  }
  const version = cursor.uint32();
  if (version === 2 || version === 3) return;
  const reason = version === 0x0200_0000 || version === 0x0300_0000 ? "big-endian" : `GGUF version ${version}`;
  const message = `${cursor.path} is ${reason}, which llama.cpp can't load here. Convert it again with a current llama.cpp.`;
  throw new ModelError("model_unsupported", message);
}

/** Of GGUF's value types by their ids; strings and arrays have no fixed size. */
const FIXED_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;

function readValue(cursor: Cursor, type: number, key: string): MetadataValue {
  if (type === STRING) return cursor.string();
  if (type === ARRAY) return readArray(cursor, key);
  return readFixed(cursor, type, key);
}

function readArray(cursor: Cursor, key: string): MetadataValue {
  const type = cursor.uint32();
  if (type === STRING) {
    const length = cursor.count(`strings in ${key}`, 8);
    for (let index = 0; index < length; index++) cursor.skip(cursor.uint64());
    return { length };
  }
  const itemBytes = FIXED_BYTES[type];
  if (itemBytes === undefined) throw corrupt(cursor.path, `${key} is an array of the unknown type ${type}`);
  const length = cursor.count(`items in ${key}`, itemBytes);
  if (length > LONGEST_KEPT_ARRAY) {
    cursor.skip(length * itemBytes);
    return { length };
  }
  return Array.from({ length }, () => readFixed(cursor, type, key));
}

function readFixed(cursor: Cursor, type: number, key: string): number | boolean {
  const sizeBytes = FIXED_BYTES[type];
  if (sizeBytes === undefined) throw corrupt(cursor.path, `${key} has the unknown type ${type}`);
  const bytes = cursor.take(sizeBytes);
  if (type === 7) return bytes[0] !== 0;
  if (type === 6) return bytes.readFloatLE();
  if (type === 12) return bytes.readDoubleLE();
  if (type === 10) return Number(bytes.readBigUInt64LE());
  if (type === 11) return Number(bytes.readBigInt64LE());
  return type % 2 === 0 ? bytes.readUIntLE(0, sizeBytes) : bytes.readIntLE(0, sizeBytes);
}

interface TensorEntry extends TensorInfo {
  readonly offsetBytes: number;
}

function readTensor(cursor: Cursor): TensorEntry {
  const name = cursor.name("tensor's name");
  const dimensions = cursor.uint32();
  if (dimensions > 4) throw corrupt(cursor.path, `tensor ${name} has ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, () => cursor.uint64());
  const typeId = cursor.uint32();
  const offsetBytes = cursor.uint64();
  const type = ggmlTypeById(typeId);
  if (type === undefined) {
    const message = `${cursor.path}: tensor ${name} has the encoding ${typeId}, which Drover does not know. Convert it again.`;
    throw new ModelError("model_unsupported", message);
  }
  const values = shape.reduce((product, size) => product * size, 1);
  if ((shape[0] ?? 1) % type.blockValues !== 0) {
    throw corrupt(cursor.path, `tensor ${name} has rows of ${shape[0]}, which ${type.name} can't hold`);
  }
  const sizeBytes = (values / type.blockValues) * type.blockBytes;
  return { name, shape, typeName: type.name, sizeBytes, offsetBytes };
}

function checkInside(cursor: Cursor, dataStart: number, tensor: TensorEntry): void {
  const end = dataStart + tensor.offsetBytes + tensor.sizeBytes;
  if (!Number.isSafeInteger(end)) throw corrupt(cursor.path, `tensor ${tensor.name} has an impossible size`);
  if (end <= cursor.fileBytes) return;
  throw truncated(cursor.path, `it has ${cursor.fileBytes} bytes, and tensor ${tensor.name} ends at ${end}`);
}

/** Thrown to itself: the window ends before the header does. */
const SHORT = new Error("the window is too short");

class Cursor {
  readonly path: string;
  readonly fileBytes: number;
  private readonly window: Buffer;
  private offset = 0;

  constructor(path: string, window: Buffer, fileBytes: number) {
    this.path = path;
    this.window = window;
    this.fileBytes = fileBytes;
  }

  get at(): number {
    return this.offset;
  }

  take(sizeBytes: number): Buffer {
    const start = this.offset;
    this.skip(sizeBytes);
    return this.window.subarray(start, this.offset);
  }

  skip(sizeBytes: number): void {
    const end = this.offset + sizeBytes;
    if (end > this.fileBytes)
      throw truncated(this.path, `it has ${this.fileBytes} bytes, and its header goes on to ${end}`);
    if (end > this.window.length) throw SHORT;
    this.offset = end;
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  /** Beyond 2^53 the number is inexact, and far beyond any file. */
  uint64(): number {
    const bytes = this.take(8);
    return bytes.readUInt32LE(4) * 2 ** 32 + bytes.readUInt32LE(0);
  }

  string(): string {
    return this.take(this.uint64()).toString("utf8");
  }

  name(what: string): string {
    const length = this.uint64();
    if (length > LONGEST_NAME_BYTES) throw corrupt(this.path, `a ${what} has ${length} bytes`);
    return this.take(length).toString("utf8");
  }

  /** A count of things that take at least `leastBytes` each. */
  count(what: string, leastBytes: number, most = 2 ** 32): number {
    const count = this.uint64();
    if (count <= most && count * leastBytes <= this.fileBytes - this.offset) return count;
    if (count > most) throw corrupt(this.path, `its header counts ${count} ${what}`);
    throw truncated(
      this.path,
      `its header counts ${count} ${what}, and only ${this.fileBytes - this.offset} bytes follow`,
    );
  }
}

function notGguf(path: string, reason: string): ModelError {
  return new ModelError("model_not_gguf", `${path} is not a GGUF file: ${reason}. Give a model in GGUF format.`);
}

function corrupt(path: string, reason: string): ModelError {
  return new ModelError("model_corrupt", `${path} is corrupt: ${reason}. Fetch or convert it again.`);
}

function truncated(path: string, reason: string): ModelError {
  return new ModelError("model_truncated", `${path} is cut short: ${reason}. Fetch it again.`);
}
