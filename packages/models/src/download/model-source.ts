import { ModelError } from "../errors.ts";

/** Where a model comes from. `revision` is a branch, tag or commit; `file` may hold folders. */
export type ModelSource =
  | { readonly type: "demo" }
  | { readonly type: "path"; readonly path: string }
  | {
      readonly type: "hugging-face";
      readonly org: string;
      readonly repo: string;
      readonly file: string;
      readonly revision: string;
    }
  /** The repository's server picks the file; `tag` is a quantization such as `Q4_K_M`, or `latest`. */
  | { readonly type: "hugging-face-tag"; readonly org: string; readonly repo: string; readonly tag: string }
  | {
      readonly type: "model-scope";
      readonly org: string;
      readonly repo: string;
      readonly file: string;
      readonly revision: string;
    }
  | { readonly type: "url"; readonly url: string };

/**
 * Reads what a user gives as a model:
 *
 * | text | is |
 * | --- | --- |
 * | `demo` | the demo model |
 * | `hf:ORG/REPO/FILE.gguf[#REVISION]` | a file of a Hugging Face repository; also `hf://`, `huggingface:`, `https://huggingface.co/ORG/REPO/blob/…` |
 * | `hf:ORG/REPO[:QUANTIZATION]` | the file that Hugging Face picks for it (`latest` where none is given) |
 * | `ms:ORG/REPO/FILE.gguf[#REVISION]` | a file of a ModelScope repository |
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
  if (huggingFace !== undefined) return huggingFaceSource(text, huggingFace);
  const modelScope = afterPrefix(trimmed, ["ms://", "ms:", "modelscope://", "modelscope:"]);
  if (modelScope !== undefined) return fileSource("model-scope", text, modelScope, "master");
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

function huggingFaceSource(text: string, rest: string): ModelSource {
  const parts = rest.split("/");
  if (parts.length > 2) return fileSource("hugging-face", text, rest, "main");
  const [org = "", repoAndTag = ""] = parts;
  const colon = repoAndTag.indexOf(":");
  const repo = colon < 0 ? repoAndTag : repoAndTag.slice(0, colon);
  const tag = colon < 0 ? "latest" : repoAndTag.slice(colon + 1);
  checkName(text, org);
  checkName(text, repo);
  checkName(text, tag);
  return { type: "hugging-face-tag", org, repo, tag };
}

function fileSource(
  type: "hugging-face" | "model-scope",
  text: string,
  rest: string,
  defaultRevision: string,
): ModelSource {
  const hash = rest.indexOf("#");
  const revision = hash < 0 ? defaultRevision : rest.slice(hash + 1);
  const [org = "", repo = "", ...folders] = (hash < 0 ? rest : rest.slice(0, hash)).split("/");
  for (const name of [org, repo, revision, ...folders]) checkName(text, name);
  const file = folders.join("/");
  if (!file.toLowerCase().endsWith(".gguf")) throw invalid(text, "the file's name does not end in .gguf");
  return { type, org, repo, file, revision };
}

/** A page of a Hugging Face file, as copied from the browser, is taken for the file. */
function urlSource(text: string, url: string): ModelSource {
  const path = decodedPath(url);
  if (path === undefined) throw invalid(text, "it is not a valid URL");
  const { hostname } = new URL(url);
  const [, org, repo, kind, revision, ...folders] = path.split("/");
  const isHuggingFace = hostname === "huggingface.co" || hostname === "hf.co";
  if (isHuggingFace && org !== undefined && repo !== undefined) {
    if (kind === "blob" || kind === "resolve") {
      return fileSource("hugging-face", text, `${org}/${repo}/${folders.join("/")}#${revision ?? ""}`, "main");
    }
    if (kind === undefined || kind === "") return huggingFaceSource(text, `${org}/${repo}`);
  }
  return { type: "url", url };
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
  const forms = "PATH, demo, hf:ORG/REPO/FILE.gguf, hf:ORG/REPO:Q4_K_M, ms:ORG/REPO/FILE.gguf or https://…/FILE.gguf";
  return new ModelError("source_invalid", `The model "${text}" can't be understood: ${reason}. Give ${forms}.`);
}
