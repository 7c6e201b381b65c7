import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
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
export function readPageFiles(): PageFiles {
  const folder = fileURLToPath(new URL("page", import.meta.url));
  return new Map(
    namesIn(folder).flatMap((name) => {
      const contentType = contentTypes[extname(name)];
      return contentType === undefined ? [] : [[name, readPageFile(join(folder, name), contentType)] as const];
    }),
  );
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

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
