import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";

const DIGEST_BYTES = 1024 * 1024;

/** Of the size, the start (all metadata and tensor shapes) and the end: a model of many GB is not read twice for this. */
export async function modelDigest(path: string): Promise<string> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const hash = createHash("sha256").update(String(size));
    for (const position of [0, Math.max(0, size - DIGEST_BYTES)]) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(DIGEST_BYTES), position });
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
