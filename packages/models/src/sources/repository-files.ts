import { ModelError } from "../errors.ts";
import { bearer, type Endpoints, huggingFaceBase, modelScopeBase } from "./endpoints.ts";
import { get, jsonOf, reasonOf, type Response } from "./http-get.ts";

/** A repository of one of the two hubs, at a branch, tag or commit. */
export interface Repository {
  readonly hub: "hugging-face" | "model-scope";
  readonly org: string;
  readonly repo: string;
  readonly revision: string;
}

/** A GGUF file of a repository. */
export interface RepositoryFile {
  readonly path: string;
  /** Hexadecimal; undefined where the hub does not tell. */
  readonly sha256: string | undefined;
}

/**
 * The GGUF files of a repository, as its hub lists them. Sources: llama.cpp `common/hf-cache.cpp` (`/api/models/…/tree/…`),
 * modelscope `HubApi.get_model_files`.
 *
 * @throws ModelError `download_not_found`, `download_forbidden`, `download_failed`, `download_aborted`
 */
export async function listFiles(
  repository: Repository,
  endpoints: Endpoints,
  signal?: AbortSignal,
): Promise<readonly RepositoryFile[]> {
  const { url, token, variable } = callOf(repository, endpoints);
  const name = nameOf(repository);
  const headers = { ...bearer(token), "user-agent": "drover", accept: "application/json" };
  const response = await ask(url, headers, { name, variable, signal });
  if (response.status < 200 || response.status > 299) {
    response.discard();
    throw refused(response.status, name, repository.hub);
  }
  const body = await jsonOf(response);
  const files = repository.hub === "hugging-face" ? huggingFaceFiles(body) : modelScopeFiles(body);
  return files.filter(({ path }) => isPlainPath(path));
}

export function nameOf({ hub, org, repo }: Pick<Repository, "hub" | "org" | "repo">): string {
  return `${hub === "hugging-face" ? "hf" : "ms"}:${org}/${repo}`;
}

function callOf({ hub, org, repo, revision }: Repository, endpoints: Endpoints) {
  const path = [org, repo].map(encodeURIComponent).join("/");
  const at = encodeURIComponent(revision);
  if (hub === "hugging-face") {
    const url = `${huggingFaceBase(endpoints)}/api/models/${path}/tree/${at}?recursive=true`;
    return { url, token: endpoints.huggingFaceToken, variable: "HF_ENDPOINT" };
  }
  const url = `${modelScopeBase(endpoints)}/api/v1/models/${path}/repo/files?Revision=${at}&Recursive=true`;
  return { url, token: endpoints.modelScopeToken, variable: "MODELSCOPE_ENDPOINT" };
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  about: { readonly name: string; readonly variable: string; readonly signal: AbortSignal | undefined },
): Promise<Response> {
  try {
    return await get(url, headers, about.signal);
  } catch (error) {
    if (about.signal?.aborted === true)
      throw new ModelError("download_aborted", `${about.name}: stopped.`, { cause: error });
    const message = `${about.name} can't be looked up at ${new URL(url).host} (${reasonOf(error)}). Check the network, or set ${about.variable} to a mirror.`;
    throw new ModelError("download_failed", message, { cause: error });
  }
}

function refused(status: number, name: string, hub: Repository["hub"]): ModelError {
  const [site, token] =
    hub === "hugging-face" ? ["huggingface.co", "HF_TOKEN"] : ["modelscope.cn", "MODELSCOPE_API_TOKEN"];
  if (status === 401 || status === 403) {
    const advice = `It does not exist, or needs a licence and a token: accept the licence on its page and set ${token}.`;
    return new ModelError("download_forbidden", `${name} was refused (${status}). ${advice}`);
  }
  if (status === 400 || status === 404) {
    const message = `${name} does not exist (${status}). Check the repository's name on ${site}.`;
    return new ModelError("download_not_found", message);
  }
  const message = `${name} can't be looked up: the server responded with ${status}. Try again later.`;
  return new ModelError("download_failed", message);
}

/** `[{type, path, lfs: {oid}}]`; the `oid` of a file that is in git itself is no SHA-256. */
function huggingFaceFiles(body: unknown): readonly RepositoryFile[] {
  return rowsOf(body).flatMap((row) => {
    if (row["type"] !== "file" || typeof row["path"] !== "string") return [];
    const lfs = recordOf(row["lfs"]);
    return [{ path: row["path"], sha256: sha256Of(lfs["oid"]) }];
  });
}

/** `{Data: {Files: [{Type, Path, Sha256}]}}`. */
function modelScopeFiles(body: unknown): readonly RepositoryFile[] {
  return rowsOf(recordOf(recordOf(body)["Data"])["Files"]).flatMap((row) =>
    row["Type"] === "tree" || typeof row["Path"] !== "string"
      ? []
      : [{ path: row["Path"], sha256: sha256Of(row["Sha256"]) }],
  );
}

function rowsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function sha256Of(value: unknown): string | undefined {
  return typeof value === "string" && /^[\da-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
}

/** It becomes a URL and a name in the cache: no way out of either. */
function isPlainPath(file: string): boolean {
  return /\.gguf$/i.test(file) && file.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
