import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@drover/foundation/clock";
import { ensureDemoModel } from "../synthetic/demo-model.ts";
import { downloadFile, type DownloadOptions } from "./download.ts";
import { writeNote } from "./partial-file.ts";
import { decoded, hubCacheName } from "../sources/cache-name.ts";
import { remoteFile, type RemoteFile } from "../sources/remote-file.ts";
import { type Endpoints, HUBS } from "../sources/hubs.ts";
import { ModelError } from "../errors.ts";
import type { OnProgress } from "../gguf/gguf-writer.ts";
import { chooseFile, tagsOf } from "../sources/choose-file.ts";
import { findElsewhere, type OtherCaches } from "../sources/other-caches.ts";
import { listFiles, nameOf } from "../sources/repository-files.ts";
import type { HubFile, HubTag, ModelSource, UrlSource } from "../sources/model-source.ts";
import { partNames, splitPart } from "../gguf/split-parts.ts";

/** Progress is of all parts together where the model is in parts; the total grows as parts are reached. */
export interface FetchOptions extends Partial<DownloadOptions> {
  readonly cacheDir: string;
  readonly endpoints?: Endpoints | undefined;
  /** Where other programs keep what they fetched. @default nowhere */
  readonly otherCaches?: OtherCaches | undefined;
}

/**
 * The path of a model's file, for any source: a path is looked at and returned, the demo model is made, and everything else is downloaded to
 * `cacheDir` unless it is there, or in the cache of another program. A model in parts is fetched completely, and the path is its first part's. A tag such as `Q4_K_M` is looked up once and remembered,
 * so that a start needs no network when the file is there.
 *
 * @throws ModelError `model_missing`, `download_*`, `disk_full`, `write_failed`
 */
export async function fetchModel(source: ModelSource, options: FetchOptions): Promise<string> {
  if (source.type === "demo") return await ensureDemoModel(options.cacheDir);
  if (source.type === "path") return existingPath(source.path);
  const there = await findFetched(source, options);
  if (there !== undefined) return there;
  return "tag" in source ? await fetchTag(source, options) : await fetchFile(source, options);
}

/** The path that {@link fetchModel} would give without asking anybody; undefined where it would have to fetch something. */
export async function findFetched(
  source: ModelSource,
  options: Pick<FetchOptions, "cacheDir" | "endpoints" | "otherCaches">,
): Promise<string | undefined> {
  if (source.type === "demo") return await ensureDemoModel(options.cacheDir);
  if (source.type === "path") return existsSync(source.path) ? source.path : undefined;
  return (await findInCache(source, options)) ?? (await findElsewhere(source, options.otherCaches ?? NO_CACHES));
}

const NO_CACHES: OtherCaches = { huggingFace: [], llamaCpp: [], modelScope: [] };

async function findInCache(
  source: HubTag | HubFile | UrlSource,
  options: Pick<FetchOptions, "cacheDir" | "endpoints">,
): Promise<string | undefined> {
  const known = "tag" in source ? await notedFile(source, options.cacheDir) : source;
  if (known === undefined) return undefined;
  const { cacheName } = remoteFile(known, options.endpoints ?? {});
  const paths = partNames(cacheName).map((name) => join(options.cacheDir, name));
  return paths.every((path) => existsSync(path)) ? paths[0] : undefined;
}

/** Where models are kept: `$XDG_CACHE_HOME/drover/models`, or `~/.cache/drover/models`. */
export function modelCacheDir(environment: { readonly XDG_CACHE_HOME?: string | undefined }, home: string): string {
  const base = environment.XDG_CACHE_HOME;
  // the XDG base directory specification says to ignore relative ones
  return join(base?.startsWith("/") === true ? base : join(home, ".cache"), "drover", "models");
}

function existingPath(path: string): string {
  if (existsSync(path)) return path;
  throw new ModelError("model_missing", `${path} does not exist. Check the path of the model.`);
}

async function fetchTag(source: HubTag, options: FetchOptions): Promise<string> {
  const known = await notedFile(source, options.cacheDir);
  const file = known ?? (await resolveTag(source, options));
  const path = await fetchFile(file, options);
  if (known === undefined) await writeNote(noteOf(source, options.cacheDir), file.file);
  return path;
}

/** What a tag was found to stand for before. */
async function notedFile(source: HubTag, cacheDir: string) {
  const file = (await readFile(noteOf(source, cacheDir), "utf8").catch(() => "")).trim();
  return file === "" ? undefined : fileOf(source, file);
}

function fileOf({ hub, org, repo }: HubTag, file: string): HubFile {
  return { type: "hub-file", hub, org, repo, file, revision: HUBS[hub].branch };
}

/** @throws ModelError `download_*` */
async function resolveTag(source: HubTag, { endpoints = {}, signal }: FetchOptions) {
  const files = await listFiles(fileOf(source, ""), endpoints, signal);
  const chosen = chooseFile(files, source.tag);
  if (chosen !== undefined) return fileOf(source, chosen.path);
  const name = nameOf(source);
  const tags = tagsOf(files);
  const has = tags.length === 0 ? "no GGUF file" : `these: ${tags.join(", ")}`;
  const message = `${name}:${source.tag} does not exist; the repository has ${has}. Give one of them, or a file: ${name}/FILE.gguf.`;
  throw new ModelError("download_not_found", message);
}

/** ModelScope tells the SHA-256 of its files in their list alone; a mirror may have no list. */
async function fetchFile(source: HubFile | UrlSource, options: FetchOptions): Promise<string> {
  const { endpoints = {}, signal } = options;
  const remote = remoteFile(source, endpoints);
  if (source.type === "url" || source.hub !== "modelScope") return await fetchParts(remote, options, () => undefined);
  const files = await listFiles(source, endpoints, signal).catch((error: unknown) => {
    if (error instanceof ModelError && error.code !== "download_aborted") return [];
    throw error;
  });
  const folder = source.file.slice(0, source.file.lastIndexOf("/") + 1);
  const digests = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  return await fetchParts(remote, options, (name) => digests.get(`${folder}${name}`));
}

function noteOf({ hub, org, repo, tag }: HubTag, cacheDir: string): string {
  return join(cacheDir, `${hubCacheName(HUBS[hub].prefix, { org, repo, file: `${tag.toLowerCase()}.gguf` })}.tag`);
}

/** @param sha256Of by the last part of a URL's path */
async function fetchParts(
  remote: RemoteFile,
  options: FetchOptions,
  sha256Of: (name: string) => string | undefined,
): Promise<string> {
  const checked = (one: RemoteFile): RemoteFile => ({ ...one, sha256: sha256Of(lastNameOf(one.url)) });
  const split = splitPart(remote.cacheName);
  if (split === undefined) return await fetchOne(checked(remote), options, 0);
  const paths: string[] = [];
  let beforeBytes = 0;
  for (let part = 1; part <= split.parts; part++) {
    const path = await fetchOne(checked(partOf(remote, part)), options, beforeBytes);
    beforeBytes += (await stat(path)).size;
    paths.push(path);
  }
  return paths[0] ?? "";
}

function lastNameOf(url: string): string {
  const { pathname } = new URL(url);
  return decoded(pathname.slice(pathname.lastIndexOf("/") + 1));
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
  await downloadFile(path, remote, { clock: systemClock, ...options, onProgress });
  return path;
}
