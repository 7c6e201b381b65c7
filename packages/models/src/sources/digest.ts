import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/**
 * The SHA-256 of a file that its server tells in a response's header, hexadecimal: Hugging Face's `X-Linked-Etag`, or
 * `Repr-Digest` (RFC 9530) and the older `Digest` (RFC 3230).
 */
export function toldSha256(header: (name: string) => string | undefined): string | undefined {
  const linked = /^"?([\da-f]{64})"?$/i.exec(header("x-linked-etag") ?? "")?.[1];
  if (linked !== undefined) return linked.toLowerCase();
  const [, base64] = /(?:^|,\s*)sha-256=:?([\w+/]{43}=):?/i.exec(header("repr-digest") ?? header("digest") ?? "") ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex");
}

/** Hexadecimal. */
export async function sha256OfFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const parts = createReadStream(path, { highWaterMark: 2 ** 20, ...(signal && { signal }) });
  for await (const part of parts) hash.update(part as Buffer);
  return hash.digest("hex");
}
