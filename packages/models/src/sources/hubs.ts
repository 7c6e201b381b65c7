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

export type HubName = "huggingFace" | "modelScope";

/** A GGUF file of a repository. */
export interface RepositoryFile {
  readonly path: string;
  /** Hexadecimal; undefined where the hub does not tell. */
  readonly sha256: string | undefined;
}

/** What differs between the two hubs. */
interface Hub {
  /** Before the colon in a model's name. */
  readonly prefix: "hf" | "ms";
  /** What files come from where no revision is given. */
  readonly branch: string;
  readonly site: string;
  readonly endpointVariable: string;
  readonly tokenVariable: string;
  /** Of the endpoint, where its repositories are. */
  readonly folder: string;
  /** What lists the files of a repository, below the endpoint. */
  readonly list: (repository: string, revision: string) => string;
  /** What that responds with. */
  readonly filesIn: (body: unknown) => readonly RepositoryFile[];
}

/** Sources: huggingface_hub, llama.cpp `common/hf-cache.cpp`, modelscope `HubApi.get_model_files`. */
export const HUBS: Readonly<Record<HubName, Hub>> = {
  huggingFace: {
    prefix: "hf",
    branch: "main",
    site: "huggingface.co",
    endpointVariable: "HF_ENDPOINT",
    tokenVariable: "HF_TOKEN",
    folder: "",
    list: (repository, revision) => `api/models/${repository}/tree/${revision}?recursive=true`,
    /** `[{type, path, lfs: {oid}}]`; the `oid` of a file that is in git itself is no SHA-256. */
    filesIn: (body) =>
      rowsOf(body).flatMap(({ type, path, lfs }) =>
        type === "file" && typeof path === "string" ? [{ path, sha256: sha256Of(recordOf(lfs)["oid"]) }] : [],
      ),
  },
  modelScope: {
    prefix: "ms",
    branch: "master",
    site: "modelscope.cn",
    endpointVariable: "MODELSCOPE_ENDPOINT",
    tokenVariable: "MODELSCOPE_API_TOKEN",
    folder: "models/",
    list: (repository, revision) => `api/v1/models/${repository}/repo/files?Revision=${revision}&Recursive=true`,
    /** `{Data: {Files: [{Type, Path, Sha256}]}}`. */
    filesIn: (body) =>
      rowsOf(recordOf(recordOf(body)["Data"])["Files"]).flatMap(({ Type, Path, Sha256 }) =>
        Type === "tree" || typeof Path !== "string" ? [] : [{ path: Path, sha256: sha256Of(Sha256) }],
      ),
  },
};

/** Where a hub, or the mirror that stands for it, is; without a slash at its end. */
export function endpointOf(hub: HubName, endpoints: Endpoints): string {
  return (endpoints[hub] || `https://${HUBS[hub].site}`).replace(/\/+$/, "");
}

/** What a hub wants to see of who has a token. */
export function authorization(hub: HubName, endpoints: Endpoints): Readonly<Record<string, string>> {
  const token = endpoints[`${hub}Token`] ?? "";
  return token === "" ? {} : { authorization: `Bearer ${token}` };
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
