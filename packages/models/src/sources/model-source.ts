import { ModelError } from "../errors.ts";
import { type HubName, HUBS } from "./hubs.ts";

/** Where a model comes from. */
export type ModelSource =
  | { readonly type: "demo" }
  | { readonly type: "path"; readonly path: string }
  | HubFile
  | HubTag
  | UrlSource;

/** `revision` is a branch, tag or commit; `file` may hold folders. */
export interface HubFile {
  readonly type: "hub-file";
  readonly hub: HubName;
  readonly org: string;
  readonly repo: string;
  readonly file: string;
  readonly revision: string;
}

/** A file of the repository by its quantization, such as `Q4_K_M`, or `latest`. */
export interface HubTag {
  readonly type: "hub-tag";
  readonly hub: HubName;
  readonly org: string;
  readonly repo: string;
  readonly tag: string;
}

export interface UrlSource {
  readonly type: "url";
  readonly url: string;
}

/**
 * Reads what a user gives as a model:
 *
 * | text | is |
 * | --- | --- |
 * | `demo` | the demo model |
 * | `hf:ORG/REPO/FILE.gguf[#REVISION]` | a file of a Hugging Face repository; also `hf://`, `huggingface:`, `https://huggingface.co/ORG/REPO/blob/…` |
 * | `ms:ORG/REPO/FILE.gguf[#REVISION]` | a file of a ModelScope repository; also `ms://`, `modelscope:`, addresses of its pages |
 * | `hf:ORG/REPO[:QUANTIZATION]`, `ms:ORG/REPO[:QUANTIZATION]` | the repository's file of it (`Q4_K_M` where none is given) |
 * | `https://…`, `http://…` | a file anywhere |
 * | anything else | a path |
 *
 * @throws ModelError `source_invalid`, with the forms that are understood
 */
export function resolveModelSource(text: string): ModelSource {
  const trimmed = text.trim();
  if (trimmed === "") throw invalid(text, "it is empty");
  if (trimmed === "demo") return { type: "demo" };
  const huggingFace = afterPrefix(trimmed, ["hf://", "hf:", "huggingface://", "huggingface:"]);
  if (huggingFace !== undefined) return hubSource("huggingFace", text, huggingFace);
  const modelScope = afterPrefix(trimmed, ["ms://", "ms:", "modelscope://", "modelscope:"]);
  if (modelScope !== undefined) return hubSource("modelScope", text, modelScope);
  if (/^https?:\/\//i.test(trimmed)) return urlSource(text, trimmed);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(trimmed) && !trimmed.startsWith("file://")) {
    throw invalid(text, `the scheme ${trimmed.slice(0, trimmed.indexOf(":"))} is not known`);
  }
  return { type: "path", path: trimmed.replace(/^file:\/\//, "") };
}

function afterPrefix(text: string, prefixes: readonly string[]): string | undefined {
  const prefix = prefixes.find((candidate) => text.toLowerCase().startsWith(candidate));
  return prefix === undefined ? undefined : text.slice(prefix.length);
}

function hubSource(hub: HubName, text: string, rest: string): ModelSource {
  const parts = rest.split("/");
  if (parts.length > 2) return fileSource(hub, text, rest);
  const [org = "", repoAndTag = ""] = parts;
  const colon = repoAndTag.indexOf(":");
  const repo = colon < 0 ? repoAndTag : repoAndTag.slice(0, colon);
  const tag = colon < 0 ? "latest" : repoAndTag.slice(colon + 1);
  checkName(text, org);
  checkName(text, repo);
  checkName(text, tag);
  return { type: "hub-tag", hub, org, repo, tag };
}

function fileSource(hub: HubName, text: string, rest: string): ModelSource {
  const hash = rest.indexOf("#");
  const revision = hash < 0 ? HUBS[hub].branch : rest.slice(hash + 1);
  const [org = "", repo = "", ...folders] = (hash < 0 ? rest : rest.slice(0, hash)).split("/");
  for (const name of [org, repo, revision, ...folders]) checkName(text, name);
  const file = folders.join("/");
  if (!file.toLowerCase().endsWith(".gguf")) throw invalid(text, "the file's name does not end in .gguf");
  return { type: "hub-file", hub, org, repo, file, revision };
}

/** A page of a file or a repository of the hubs, as copied from the browser, is taken for what it shows. */
function urlSource(text: string, url: string): ModelSource {
  const path = decodedPath(url);
  if (path === undefined) throw invalid(text, "it is not a valid URL");
  const { hostname, searchParams } = new URL(url);
  const parts = path.split("/").slice(1);
  if (hostname === "huggingface.co" || hostname === "hf.co")
    return huggingFacePage(text, parts) ?? { type: "url", url };
  const isModelScope = hostname === "modelscope.cn" || hostname === "www.modelscope.cn";
  if (isModelScope && parts[0] === "models")
    return modelScopePage(text, parts.slice(1), searchParams) ?? { type: "url", url };
  return { type: "url", url };
}

/** `/ORG/REPO`, `/ORG/REPO/blob/REVISION/FILE`. */
function huggingFacePage(text: string, [org, repo, kind, revision, ...folders]: readonly string[]) {
  if (org === undefined || repo === undefined) return undefined;
  if (kind === "blob" || kind === "resolve")
    return fileSource("huggingFace", text, `${org}/${repo}/${folders.join("/")}#${revision ?? ""}`);
  return kind === undefined || kind === "" ? hubSource("huggingFace", text, `${org}/${repo}`) : undefined;
}

/** `/models/ORG/REPO[/summary|/files]`, `…/file/view/REVISION/FILE`, the same with `?fileName=FILE`, `…/resolve/REVISION/FILE`. */
function modelScopePage(text: string, [org, repo, kind, ...rest]: readonly string[], query: URLSearchParams) {
  if (org === undefined || repo === undefined) return undefined;
  if (kind === "resolve" || (kind === "file" && rest[0] === "view")) {
    const [revision = "", ...folders] = kind === "file" ? rest.slice(1) : rest;
    const file = query.get("fileName") ?? folders.join("/");
    return fileSource("modelScope", text, `${org}/${repo}/${file}#${revision}`);
  }
  const isOverview = kind === undefined || kind === "" || kind === "summary" || kind === "files";
  return isOverview ? hubSource("modelScope", text, `${org}/${repo}`) : undefined;
}

function decodedPath(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return undefined;
  }
}

/** These become parts of URLs and of file names. */
function checkName(text: string, name: string): void {
  const reason = name === "" ? "a part of it is empty" : `"${name}" is not a valid part of it`;
  // oxlint-disable-next-line no-control-regex
  if (name === "" || name === "." || name === ".." || /[\u0000-\u001f\\?%*:|"<>]/.test(name))
    throw invalid(text, reason);
}

function invalid(text: string, reason: string): ModelError {
  const forms =
    "PATH, demo, hf:ORG/REPO/FILE.gguf, hf:ORG/REPO:Q4_K_M, ms:ORG/REPO/FILE.gguf, ms:ORG/REPO:Q4_K_M or https://…/FILE.gguf";
  return new ModelError("source_invalid", `The model "${text}" can't be understood: ${reason}. Give ${forms}.`);
}
