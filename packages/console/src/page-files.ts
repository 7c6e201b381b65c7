import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One file of the built page, in the encodings that it can be sent in. */
export interface PageFile {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
  readonly etag: string;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

/** Reads the page that `build.mjs` made; it is a few hundred kilobytes and stays in memory. Empty where nothing was built. */
export function readPageFiles(folder = BUILT_PAGE): PageFiles {
  const names = namesIn(folder).filter((name) => typeOf(name) !== undefined);
  return new Map(names.map((name) => [name, readPageFile(join(folder, name), typeOf(name) ?? "")]));
}

const BUILT_PAGE = fileURLToPath(new URL("page", import.meta.url));

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

function typeOf(name: string): string | undefined {
  return types[name.slice(name.lastIndexOf(".") + 1)];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readPageFile(path: string, contentType: string): PageFile {
  const plain = readFileSync(path);
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { contentType, plain, gzip: readFileSync(`${path}.gz`), brotli: readFileSync(`${path}.br`), etag };
}
