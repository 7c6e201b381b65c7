import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock } from "@drover/foundation/clock";
import { ensureDemoModel } from "../synthetic/demo-model.ts";
import { downloadFile, type OnRetry } from "./download.ts";
import { remoteFile, type Endpoints, type RemoteFile } from "./endpoints.ts";
import { exists } from "./exists.ts";
import { ModelError } from "../errors.ts";
import type { OnProgress } from "../gguf/gguf-writer.ts";
import { resolveTag } from "./hugging-face-tag.ts";
import type { ModelSource } from "./model-source.ts";
import { splitPart } from "../gguf/split-parts.ts";

export interface FetchOptions {
  readonly cacheDir: string;
  /** Of all parts together where the model is in parts; the total grows as parts are reached. */
  readonly onProgress?: OnProgress | undefined;
  /** Told of each attempt of a download that failed and will be made again. */
  readonly onRetry?: OnRetry | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly endpoints?: Endpoints | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

/**
 * The path of a model's file, for any source: a path is looked at and returned, the demo model is made, and everything else is downloaded to
 * `cacheDir` unless it is there. A model in parts is fetched whole, and the path is its first part's. A tag such as `Q4_K_M` is looked up once and remembered,
 * so that a start needs no network when the file is there.
 *
 * @throws ModelError `model_missing`, `download_*`, `disk_full`, `write_failed`
 */
export async function fetchModel(source: ModelSource, options: FetchOptions): Promise<string> {
  if (source.type === "demo") return await ensureDemoModel(options.cacheDir);
  if (source.type === "path") return await existingPath(source.path);
  if (source.type === "hugging-face-tag") return await fetchTag(source, options);
  return await fetchParts(remoteFile(source, options.endpoints ?? {}), options);
}

/** The path that {@link fetchModel} would give without asking anybody; undefined where it would have to fetch something. */
export async function findFetched(
  source: ModelSource,
  options: Pick<FetchOptions, "cacheDir" | "endpoints">,
): Promise<string | undefined> {
  if (source.type === "demo") return await ensureDemoModel(options.cacheDir);
  if (source.type === "path") return (await exists(source.path)) ? source.path : undefined;
  const known = source.type === "hugging-face-tag" ? await notedFile(source, options.cacheDir) : source;
  if (known === undefined) return undefined;
  const { cacheName } = remoteFile(known, options.endpoints ?? {});
  const split = splitPart(cacheName);
  const names = Array.from({ length: split?.parts ?? 1 }, (_, index) => split?.nameOf(index + 1) ?? cacheName);
  const paths = names.map((name) => join(options.cacheDir, name));
  const there = await Promise.all(paths.map(exists));
  return there.includes(false) ? undefined : paths[0];
}

/** Where models are kept: `$XDG_CACHE_HOME/drover/models`, or `~/.cache/drover/models`. */
export function modelCacheDir(environment: { readonly XDG_CACHE_HOME?: string | undefined }, home: string): string {
  const base = environment.XDG_CACHE_HOME;
  // the XDG base directory specification says to ignore relative ones
  return join(base?.startsWith("/") === true ? base : join(home, ".cache"), "drover", "models");
}

async function existingPath(path: string): Promise<string> {
  if (await exists(path)) return path;
  throw new ModelError("model_missing", `${path} does not exist. Check the path of the model.`);
}

type TagSource = Extract<ModelSource, { type: "hugging-face-tag" }>;

async function fetchTag(source: TagSource, options: FetchOptions): Promise<string> {
  const endpoints = options.endpoints ?? {};
  const known = await notedFile(source, options.cacheDir);
  const file = known ?? (await resolveTag(source, endpoints, options.signal));
  const path = await fetchParts(remoteFile(file, endpoints), options);
  if (known === undefined) {
    const note = noteOf(source, options.cacheDir);
    await writeFile(`${note}.new`, file.file);
    await rename(`${note}.new`, note);
  }
  return path;
}

/** What a tag was found to stand for before. */
async function notedFile(source: TagSource, cacheDir: string) {
  const file = (await readFile(noteOf(source, cacheDir), "utf8").catch(() => "")).trim();
  return file === "" ? undefined : ({ ...source, type: "hugging-face", file, revision: "main" } as const);
}

function noteOf(source: TagSource, cacheDir: string): string {
  return join(cacheDir, `hf_${source.org}_${source.repo}_${source.tag.toLowerCase()}.tag`);
}

async function fetchParts(remote: RemoteFile, options: FetchOptions): Promise<string> {
  const split = splitPart(remote.cacheName);
  if (split === undefined) return await fetchOne(remote, options, 0);
  const paths: string[] = [];
  let beforeBytes = 0;
  for (let part = 1; part <= split.parts; part++) {
    const path = await fetchOne(partOf(remote, part), options, beforeBytes);
    beforeBytes += (await stat(path)).size;
    paths.push(path);
  }
  return paths[0] ?? "";
}

function partOf(remote: RemoteFile, part: number): RemoteFile {
  const url = new URL(remote.url);
  url.pathname = splitPart(url.pathname)?.nameOf(part) ?? url.pathname;
  return { ...remote, url: url.href, cacheName: splitPart(remote.cacheName)?.nameOf(part) ?? remote.cacheName };
}

async function fetchOne(remote: RemoteFile, options: FetchOptions, beforeBytes: number): Promise<string> {
  const path = join(options.cacheDir, remote.cacheName);
  const onProgress: OnProgress = ({ doneBytes, totalBytes }) =>
    options.onProgress?.({
      doneBytes: beforeBytes + doneBytes,
      totalBytes: totalBytes === undefined ? undefined : beforeBytes + totalBytes,
    });
  const { clock = systemClock, signal, onRetry } = options;
  await downloadFile(path, remote, { clock, signal, onProgress, onRetry });
  return path;
}
