import { Worker } from "node:worker_threads";
import { type DownloadRetry, UNWANTED } from "./download.ts";
import { ModelError, type ModelErrorCode } from "../errors.ts";
import { fetchModel, type FetchOptions, findFetched } from "./fetch-model.ts";
import type { ModelSource } from "../sources/model-source.ts";

/** What the thread is started with. */
export interface FetchTask {
  readonly source: ModelSource;
  readonly options: Pick<FetchOptions, "cacheDir" | "endpoints" | "otherCaches" | "mostBytes">;
}

/** What it is told: to stop, and whether what has arrived stays. */
export type StopMessage = "stop" | typeof UNWANTED;

/** What the thread says. */
export type FetchMessage =
  | { readonly type: "progress"; readonly doneBytes: number; readonly totalBytes: number | undefined }
  | { readonly type: "retry"; readonly retry: DownloadRetry }
  | { readonly type: "done"; readonly path: string }
  | { readonly type: "failed"; readonly code: ModelErrorCode; readonly message: string };

/** As {@link FetchOptions}, but for what only a test passes in. */
export type FetchApartOptions = Omit<FetchOptions, "clock" | "leastFreeBytes">;

/**
 * As `fetchModel`; a download runs in a thread of its own. Whatever goes wrong there, be it an error that nobody catches,
 * is a ModelError here, and a process that serves goes on serving.
 *
 * @throws ModelError as `fetchModel`
 */
export async function fetchModelApart(source: ModelSource, options: FetchApartOptions): Promise<string> {
  const isLocal = source.type === "demo" || source.type === "path";
  if (isLocal || (await findFetched(source, options)) !== undefined) return await fetchModel(source, options);
  const { cacheDir, endpoints, otherCaches, mostBytes, signal } = options;
  const task: FetchTask = { source, options: { cacheDir, endpoints, otherCaches, mostBytes } };
  // The compiled file: a thread starts from a file of its own.
  const thread = new Worker(new URL("./fetch-thread.js", import.meta.url), { workerData: task });
  const stop = () => thread.postMessage((signal?.reason === UNWANTED ? UNWANTED : "stop") satisfies StopMessage);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  try {
    return await resultOf(thread, options);
  } finally {
    signal?.removeEventListener("abort", stop);
    await thread.terminate();
  }
}

function resultOf(thread: Worker, { onProgress, onRetry }: FetchApartOptions): Promise<string> {
  const advice = "Try again: it goes on where it stopped.";
  return new Promise((resolve, reject) => {
    thread.on("message", (message: FetchMessage) => {
      if (message.type === "progress") onProgress?.(message);
      else if (message.type === "retry") onRetry?.(message.retry);
      else if (message.type === "done") resolve(message.path);
      else reject(new ModelError(message.code, message.message));
    });
    thread.on("error", (cause) =>
      reject(new ModelError("download_failed", `The download failed: ${cause.message}. ${advice}`, { cause })),
    );
    thread.once("exit", () =>
      reject(new ModelError("download_failed", `The download ended without a result. ${advice}`)),
    );
  });
}
