import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../errors.ts";
import { readGguf } from "../gguf/gguf-reader.ts";
import { firstPart, partNames } from "../gguf/split-parts.ts";
import { chooseFile } from "./choose-file.ts";
import type { HubFile, HubTag, ModelSource } from "./model-source.ts";

/** Folders in which other programs keep what they fetched; given by the caller, who reads the environment. */
export interface OtherCaches {
  /** Of `huggingface_hub` and llama.cpp: `models--ORG--REPO/snapshots/COMMIT/FILE`. */
  readonly huggingFace: readonly string[];
  /** Of llama.cpp until 2025: `ORG_REPO_FILE`. */
  readonly llamaCpp: readonly string[];
  /** Of `modelscope`: `ORG/REPO/FILE`, with `___` for dots. */
  readonly modelScope: readonly string[];
}

/** A model that another program fetched before: its path, of a model in parts the first one's; undefined where none is usable. */
export async function findElsewhere(source: ModelSource, caches: OtherCaches): Promise<string | undefined> {
  if (source.type === "demo" || source.type === "path" || source.type === "url") return undefined;
  for (const folder of await foldersOf(source, caches)) {
    const path = await findIn(folder, source);
    if (path !== undefined && (await isUsable(path))) return path;
  }
  const flat = flatName(source);
  for (const path of flat === undefined ? [] : caches.llamaCpp.map((folder) => join(folder, flat)))
    if (await isUsable(path)) return path;
  return undefined;
}

/** Folders that would hold the repository's files under their own names. */
async function foldersOf(source: HubFile | HubTag, caches: OtherCaches): Promise<readonly string[]> {
  const { org, repo } = source;
  if (source.hub === "modelScope") {
    const names = [repo, repo.replaceAll(".", "___")];
    const folders = caches.modelScope.flatMap((cache) => [
      cache,
      join(cache, "models"),
      join(cache, "hub", "models"),
      join(cache, "hub"),
    ]);
    return folders.flatMap((folder) => names.map((name) => join(folder, org, name)));
  }
  const revision = "revision" in source ? source.revision : "main";
  const folders: string[] = [];
  for (const cache of caches.huggingFace) {
    const home = join(cache, `models--${org}--${repo}`);
    const commit = (await readFile(join(home, "refs", revision), "utf8").catch(() => revision)).trim();
    if (/^[\w.-]+$/.test(commit)) folders.push(join(home, "snapshots", commit));
  }
  return folders;
}

async function findIn(folder: string, source: HubFile | HubTag): Promise<string | undefined> {
  if ("file" in source) return join(folder, firstPart(source.file));
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const chosen = chooseFile(
    names
      .toSorted()
      .map((path) => ({ path }))
      .filter(({ path }) => /\.gguf$/i.test(path)),
    source.tag,
  );
  return chosen === undefined ? undefined : join(folder, chosen.path);
}

function flatName(source: HubFile | HubTag): string | undefined {
  if (source.type === "hub-tag" || source.hub !== "huggingFace") return undefined;
  return [source.org, source.repo, firstPart(source.file)].join("_").replaceAll("/", "_");
}

/** All of its parts are there, each a complete GGUF file: another program's download may have been broken off. */
async function isUsable(path: string): Promise<boolean> {
  for (const each of partNames(path)) {
    if ((await stat(each).catch(() => undefined))?.isFile() !== true) return false;
    try {
      await readGguf(each);
    } catch (error) {
      if (error instanceof ModelError) return false;
      throw error;
    }
  }
  return true;
}
