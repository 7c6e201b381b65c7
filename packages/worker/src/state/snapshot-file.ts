import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { everybodys, type Ownership } from "../batching/ownership.ts";

/**
 * A snapshot is a sequence file of llama.cpp: a magic number, a version, the number of tokens, the tokens, the state;
 * integers of 32 bits, little-endian. Source: llama_state_seq_save_file in llama.cpp's llama-context.cpp.
 */
const MAGIC = 0x67677371;
const HEAD_BYTES = 12;
const TOKEN_BYTES = 4;

/** `key`: of the model and of how its state is laid out. The same tokens of the same owner have the same name, whichever worker saves them. */
export function snapshotName(key: string, tokens: readonly number[], { owner, sharedTokens }: Ownership): string {
  const digest = createHash("sha256").update(Uint32Array.from(tokens)).digest("hex").slice(0, 20);
  return `${key}-${tokens.length}-${digest}${owner === "" ? "" : `-${owner}-${sharedTokens}`}.kv`;
}

export function snapshotOwnership(name: string): Ownership {
  const [, owner, sharedTokens] = /^[^-]+-\d+-[0-9a-f]+-([0-9a-z]+)-(\d+)\.kv$/.exec(name) ?? [];
  return owner === undefined ? everybodys : { owner, sharedTokens: Number(sharedTokens) };
}

export function isSnapshot(name: string, key: string): boolean {
  return name.startsWith(`${key}-`) && name.endsWith(".kv");
}

/** A snapshot while it is written; hidden from {@link isSnapshot}. */
export function unfinishedName(name: string, pid: number): string {
  return `.${name}.${pid}`;
}

/** Undefined: gone, or not a snapshot. */
export function readSnapshotHead(path: string): { readonly tokens: number[]; readonly bytes: number } | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(file, head);
    const count = head.readUInt32LE(8);
    if (head.readUInt32LE(0) !== MAGIC || HEAD_BYTES + count * TOKEN_BYTES > size) return undefined;
    const body = Buffer.alloc(count * TOKEN_BYTES);
    readSync(file, body, { position: HEAD_BYTES });
    return { tokens: Array.from({ length: count }, (_, index) => body.readInt32LE(index * TOKEN_BYTES)), bytes: size };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
