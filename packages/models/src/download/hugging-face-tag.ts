import { ModelError } from "../errors.ts";
import { get, jsonOf, reasonOf, type Response } from "./http-get.ts";
import { bearer, huggingFaceBase, type Endpoints } from "./endpoints.ts";
import type { ModelSource } from "./model-source.ts";

type TagSource = Extract<ModelSource, { type: "hugging-face-tag" }>;
type FileSource = Extract<ModelSource, { type: "hugging-face" }>;

/**
 * Asks Hugging Face which file of a repository a tag such as `Q4_K_M` means, the way llama.cpp does: its registry answers a client that calls itself
 * llama-cpp with the file's name. Source: llama.cpp common/arg.cpp `common_get_hf_file` (pull request 11195).
 *
 * @throws ModelError `download_not_found`, `download_forbidden`, `download_failed`
 */
export async function resolveTag(source: TagSource, endpoints: Endpoints, signal?: AbortSignal): Promise<FileSource> {
  const { org, repo, tag } = source;
  const name = `hf:${org}/${repo}:${tag}`;
  const path = [org, repo].map(encodeURIComponent).join("/");
  const url = `${huggingFaceBase(endpoints)}/v2/${path}/manifests/${encodeURIComponent(tag)}`;
  const headers = { ...bearer(endpoints.huggingFaceToken), "user-agent": "llama-cpp", accept: "application/json" };
  const response = await ask(url, headers, name, signal);
  if (response.status < 200 || response.status > 299) {
    response.discard();
    throw refused(response.status, name);
  }
  const body = await jsonOf(response);
  const file = ggufFileName(body);
  if (file === undefined) {
    const message = `${name}: the server names no GGUF file for it. Give the file itself: hf:${org}/${repo}/FILE.gguf.`;
    throw new ModelError("download_not_found", message);
  }
  return { type: "hugging-face", org, repo, file, revision: "main" };
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    return await get(url, headers, signal);
  } catch (error) {
    if (signal?.aborted === true) throw new ModelError("download_aborted", `${name}: stopped.`, { cause: error });
    const message = `${name} can't be looked up at ${new URL(url).host} (${reasonOf(error)}). Check the network, or set HF_ENDPOINT to a mirror.`;
    throw new ModelError("download_failed", message, { cause: error });
  }
}

function refused(status: number, name: string): ModelError {
  if (status === 401 || status === 403) {
    const advice =
      "It does not exist, or needs a licence and a token: accept the licence on its page and set HF_TOKEN.";
    return new ModelError("download_forbidden", `${name} was refused (${status}). ${advice}`);
  }
  if (status === 400 || status === 404) {
    const message = `${name} does not exist (${status}). Check the repository and the quantization on huggingface.co.`;
    return new ModelError("download_not_found", message);
  }
  return new ModelError(
    "download_failed",
    `${name} can't be looked up: the server answered ${status}. Try again later.`,
  );
}

function ggufFileName(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("ggufFile" in body)) return undefined;
  const { ggufFile } = body;
  if (typeof ggufFile !== "object" || ggufFile === null || !("rfilename" in ggufFile)) return undefined;
  return typeof ggufFile.rfilename === "string" && isPlainPath(ggufFile.rfilename) ? ggufFile.rfilename : undefined;
}

/** It becomes a URL and a name in the cache: no way out of either. */
function isPlainPath(file: string): boolean {
  return /\.gguf$/i.test(file) && file.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
