import { hubCacheName, urlCacheName } from "./cache-name.ts";
import type { ModelSource } from "./model-source.ts";

/** The servers to fetch from, and what they want to see; given by the caller, who reads the environment. */
export interface Endpoints {
  /** `HF_ENDPOINT`, for a mirror. @default "https://huggingface.co" */
  readonly huggingFace?: string | undefined;
  /** `HF_TOKEN`; sent to `huggingFace` only. */
  readonly huggingFaceToken?: string | undefined;
  /** `MODELSCOPE_ENDPOINT` or `MODELSCOPE_DOMAIN`. @default "https://modelscope.cn" */
  readonly modelScope?: string | undefined;
  /** `MODELSCOPE_API_TOKEN`; sent to `modelScope` only. */
  readonly modelScopeToken?: string | undefined;
}

/** The endpoint that the variables of ModelScope's own tools name: `MODELSCOPE_DOMAIN` is a host without a scheme. */
export function modelScopeEndpoint(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const endpoint = environment["MODELSCOPE_ENDPOINT"] ?? "";
  const domain = environment["MODELSCOPE_DOMAIN"] ?? "";
  if (endpoint !== "" || domain === "") return endpoint === "" ? undefined : endpoint;
  return /^https?:\/\//.test(domain) ? domain : `https://${domain}`;
}

/** One file to fetch. */
export interface RemoteFile {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name in the cache, unique for the source. */
  readonly cacheName: string;
  /** Hexadecimal, where it is known before the download; a server may tell it in its response. */
  readonly sha256?: string | undefined;
}

type FileSource = Extract<ModelSource, { type: "hugging-face" | "model-scope" | "url" }>;

/** The URL of a source's file, its headers, and its name in the cache. Sources: `/resolve/` URLs of huggingface_hub and modelscope. */
export function remoteFile(source: FileSource, endpoints: Endpoints): RemoteFile {
  if (source.type === "url") return { url: source.url, headers: {}, cacheName: urlCacheName(source.url) };
  const { org, repo, file, revision } = source;
  const path = `${encodeURIComponent(org)}/${encodeURIComponent(repo)}`;
  const tail = `resolve/${encodeURIComponent(revision)}/${file.split("/").map(encodeURIComponent).join("/")}`;
  const named = (usual: string) => ({ org, repo, file, revision: revision === usual ? undefined : revision });
  if (source.type === "model-scope") {
    const url = `${modelScopeBase(endpoints)}/models/${path}/${tail}`;
    return { url, headers: bearer(endpoints.modelScopeToken), cacheName: hubCacheName("ms", named("master")) };
  }
  const url = `${huggingFaceBase(endpoints)}/${path}/${tail}`;
  return { url, headers: bearer(endpoints.huggingFaceToken), cacheName: hubCacheName("hf", named("main")) };
}

export function huggingFaceBase(endpoints: Endpoints): string {
  return base(endpoints.huggingFace, "https://huggingface.co");
}

export function modelScopeBase(endpoints: Endpoints): string {
  return base(endpoints.modelScope, "https://modelscope.cn");
}

export function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
}

function base(given: string | undefined, otherwise: string): string {
  return (given === undefined || given === "" ? otherwise : given).replace(/\/+$/, "");
}
