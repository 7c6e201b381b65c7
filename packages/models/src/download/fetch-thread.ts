import { parentPort, workerData } from "node:worker_threads";
import { ModelError } from "../errors.ts";
import type { FetchMessage, FetchTask } from "./fetch-apart.ts";
import { fetchModel } from "./fetch-model.ts";

/** The thread of fetch-apart.ts. */
const { source, options } = workerData as FetchTask;
const cancel = new AbortController();
const say = (message: FetchMessage): void => parentPort?.postMessage(message);

parentPort?.once("message", () => cancel.abort());
try {
  const path = await fetchModel(source, {
    ...options,
    signal: cancel.signal,
    onProgress: ({ doneBytes, totalBytes }) => say({ type: "progress", doneBytes, totalBytes }),
    onRetry: (retry) => say({ type: "retry", retry }),
  });
  say({ type: "done", path });
} catch (error) {
  if (!(error instanceof ModelError)) throw error;
  say({ type: "failed", code: error.code, message: error.message });
}
