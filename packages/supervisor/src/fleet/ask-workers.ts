import { SECRET_HEADER } from "@drover/contract/headers";
import { apiRoutes } from "@drover/contract/routes";
import { systemClock } from "@drover/foundation/clock";
import { getJson } from "@drover/foundation/network/http-get";
import type { Worker } from "../worker/worker.ts";

const LIMIT_MS = 1000;
const MODELS = "/v1/models";
/** What Ollama lists there is loaded. */
const LOADED = "/api/ps";

/** What a worker says to who only looks at it, and at each of its models: JSON by path, for those who look while none is loaded. Empty where none serves. */
export async function askWorkers(workers: readonly Worker[]): Promise<ReadonlyMap<string, string>> {
  const worker = workers.find(({ state }) => state === "ready");
  const port = worker?.process?.readyMessage?.port;
  if (worker?.launch === undefined || port === undefined) return new Map();
  const headers = { [SECRET_HEADER]: worker.launch.secret };
  const ask = async (path: string): Promise<readonly (readonly [path: string, body: unknown])[]> => {
    const body = await getJson({ host: "127.0.0.1", port }, { path, headers, timeoutMs: LIMIT_MS, clock: systemClock });
    return body === undefined ? [] : [[path, path === LOADED ? { models: [] } : body]];
  };
  const looks = (await Promise.all(pathsToLookAt.map(ask))).flat();
  const models = (await Promise.all(modelPaths(new Map(looks).get(MODELS)).map(ask))).flat();
  return new Map([...looks, ...models].map(([path, body]) => [path, JSON.stringify(body)]));
}

const pathsToLookAt = apiRoutes
  .filter(({ method, path }) => method === "GET" && !path.endsWith("*"))
  .map(({ path }) => path);

function modelPaths(body: unknown): readonly string[] {
  const { data } = (body ?? {}) as { readonly data?: unknown };
  const ids = Array.isArray(data) ? data.map((model: { readonly id?: unknown } | null) => model?.id) : [];
  return ids.flatMap((id) => (typeof id === "string" ? [`${MODELS}/${encodeURIComponent(id)}`] : []));
}
