import { randomUUID } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ModelError } from "../errors.ts";
import { align, encodeHeader, type GgufHeader, type GgufValue, type TensorShape } from "./gguf-header.ts";
import { makeFolder } from "./make-folder.ts";
import { writeFully } from "./write-fully.ts";

/** A tensor with its data, produced piece by piece so that a model larger than memory can be written. */
export interface TensorData extends TensorShape {
  /** Pieces that together are exactly the tensor's bytes. */
  readonly data: () => Iterable<Uint8Array>;
}

export interface GgufFile {
  /** Keys keep their order. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly TensorData[];
}

/** Called while a file is written or fetched. `totalBytes` is undefined where nobody knows it yet. */
export type OnProgress = (progress: { readonly doneBytes: number; readonly totalBytes: number | undefined }) => void;

/**
 * Writes a GGUF v3 file. It appears under its name only when it is complete: a reader never sees half of it, and a failure
 * leaves what was there before.
 *
 * @throws ModelError `disk_full`, `write_failed`
 */
export async function writeGguf(path: string, file: GgufFile, onProgress?: OnProgress): Promise<void> {
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await makeFolder(dirname(path));
    const handle = await open(partial, "wx");
    try {
      await writeAll(handle, file, onProgress);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** The entire file in memory; for small ones. */
export function encodeGguf(file: GgufFile): Buffer {
  return Buffer.concat([...piecesAfter(encodeHeader(file.metadata, file.tensors), file)]);
}

/** What a failed write means to a user. */
export function writeError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new ModelError("disk_full", `${path} can't be written: the disk is full. Free some space and try again.`, {
      cause: error,
    });
  }
  if (typeof error.code !== "string" || error instanceof ModelError) return error;
  const message = `${path} can't be written (${error.code}). Check that the directory exists and is writable.`;
  return new ModelError("write_failed", message, { cause: error });
}

async function writeAll(handle: FileHandle, file: GgufFile, onProgress?: OnProgress): Promise<void> {
  const header = encodeHeader(file.metadata, file.tensors);
  const totalBytes = header.bytes.length + header.dataBytes;
  let doneBytes = 0;
  for (const piece of piecesAfter(header, file)) {
    await writeFully(handle, piece, doneBytes);
    doneBytes += piece.length;
    onProgress?.({ doneBytes, totalBytes });
  }
}

function* piecesAfter(header: GgufHeader, file: GgufFile): Iterable<Uint8Array> {
  yield header.bytes;
  for (const [index, tensor] of file.tensors.entries()) {
    const sizeBytes = header.tensorBytes[index] ?? 0;
    let doneBytes = 0;
    for (const piece of tensor.data()) {
      yield piece;
      doneBytes += piece.length;
    }
    if (doneBytes !== sizeBytes) {
      throw new RangeError(`${tensor.name}: ${doneBytes} bytes of data for a tensor of ${sizeBytes}`);
    }
    yield Buffer.alloc(align(sizeBytes) - sizeBytes);
  }
}
