import type { Environment } from "@drover/config";
import { stat } from "node:fs/promises";
import { homeFolder, keepingHome } from "@drover/foundation/files/user-folders";
import {
  cachesOf,
  fetchModelApart,
  findFetched,
  modelCacheDir,
  modelScopeEndpoint,
  type OnProgress,
  type OnRetry,
  readModelInfo,
  resolveModelSource,
} from "@drover/models";
import type { ServedModel } from "../../process/launch.ts";

export interface PrepareOptions {
  readonly environment: Environment;
  /** Told of a download. */
  readonly onProgress?: OnProgress;
  /** Told of each attempt of a download that failed and will be made again. */
  readonly onRetry?: OnRetry;
  /** Breaks a download off; with the reason `UNWANTED` nothing stays of it. */
  readonly signal?: AbortSignal | undefined;
  /** A longer file is not downloaded. */
  readonly mostBytes?: number | undefined;
}

/**
 * Makes the model of the `model` setting ready to be loaded: fetched where it is elsewhere, made where it is the demo,
 * and in each case looked at, so that a missing or broken file is known before a worker starts.
 * @throws ModelError for whatever is wrong with it
 */
export async function prepareModel(model: string, options: PrepareOptions): Promise<ServedModel> {
  const { environment, ...rest } = options;
  const source = resolveModelSource(model);
  const path = await fetchModelApart(source, { ...placesIn(environment), ...rest });
  await readModelInfo(path);
  const { ino, size, mtimeMs } = await stat(path);
  return { path, id: source.type === "demo" ? "demo" : undefined, version: `${ino} ${size} ${mtimeMs}` };
}

/** The file of the `model` setting where it needs no download; undefined where it does, or where there is no such file. */
export async function findPrepared(model: string, environment: Environment): Promise<string | undefined> {
  return await findFetched(resolveModelSource(model), placesIn(environment));
}

/** It is elsewhere, so that {@link prepareModel} may take hours. */
export async function needsDownload(model: string, environment: Environment): Promise<boolean> {
  const source = resolveModelSource(model);
  if (source.type === "demo" || source.type === "path") return false;
  return (await findFetched(source, placesIn(environment))) === undefined;
}

function placesIn(environment: Environment) {
  const endpoints = {
    huggingFace: environment["HF_ENDPOINT"],
    huggingFaceToken: environment["HF_TOKEN"],
    modelScope: modelScopeEndpoint(environment),
    modelScopeToken: environment["MODELSCOPE_API_TOKEN"],
  };
  return {
    cacheDir: modelCacheDir(environment, keepingHome()),
    endpoints,
    otherCaches: cachesOf(environment, homeFolder()),
  };
}
