import { SECRET_HEADER } from "@drover/contract/headers";
import type { Clock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import type { Worker } from "../worker/worker.ts";

const LIMIT_MS = 1000;

/** What a worker says of its models (`GET /v1/models`), for who asks while none is loaded; undefined where none serves. */
export async function askModels(workers: readonly Worker[], clock: Clock): Promise<string | undefined> {
  const worker = workers.find(({ state }) => state === "ready");
  const port = worker?.process?.word?.port;
  if (worker?.launch === undefined || port === undefined) return undefined;
  const headers = { [SECRET_HEADER]: worker.launch.secret };
  const result = await httpGet(
    { host: "127.0.0.1", port },
    { path: "/v1/models", headers, timeoutMs: LIMIT_MS, clock },
  );
  return result.responded && result.status === 200 ? result.body : undefined;
}
