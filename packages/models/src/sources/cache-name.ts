import { createHash } from "node:crypto";
import { firstPart } from "../gguf/split-parts.ts";

/** What a file of a hub is known by; `revision` where it is not the hub's default. */
interface HubFile {
  readonly org: string;
  readonly repo: string;
  readonly revision?: string | undefined;
  readonly file: string;
}

/**
 * A flat name in the cache, which no other source has: slashes become underscores, and where that would leave open which, a digest of the source
 * stands behind an `@`. Names of a model's parts differ in the part alone.
 */
export function hubCacheName(hub: "hf" | "ms", { org, repo, revision, file }: HubFile): string {
  const name = [hub, org, repo, ...(revision === undefined ? [] : [revision]), file].join("/");
  const isPlain = revision === undefined && PLAIN.test(org) && PLAIN.test(repo) && PLAIN_FILE.test(file);
  if (isPlain) return flat(name);
  return withDigest(name, JSON.stringify([hub, org, repo, revision, firstPart(file)]));
}

/** The same for a URL: another port, path or query is another model. */
export function urlCacheName(text: string): string {
  const url = new URL(text);
  const name = `${url.hostname}${decoded(url.pathname)}`;
  url.hash = "";
  url.pathname = firstPart(url.pathname);
  return withDigest(name, url.href);
}

const PLAIN = /^[a-z0-9.-]+$/i;
const PLAIN_FILE = /^[\w.-]+\.gguf$/i;

/** Of the readable part; a file's name may have 255 bytes. */
const MOST_CHARS = 60;

function withDigest(name: string, source: string): string {
  const digest = createHash("sha256").update(source).digest("hex").slice(0, 16);
  return `${digest}@${flat(name).slice(-MOST_CHARS)}`;
}

function flat(name: string): string {
  const text = name.replace(/[/\\]+/g, "_").replace(/[^\p{L}\p{N}._-]+/gu, "-");
  return /\.gguf$/i.test(text) ? text : `${text}.gguf`;
}

/** A path as it was meant; one that is no encoding of anything as it is. */
export function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
