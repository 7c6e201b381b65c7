import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "@drover/foundation/clock";
import { ModelError } from "../errors.ts";
import type { FetchMessage, FetchTask, StopMessage } from "./fetch-apart.ts";
import { fetchModel } from "./fetch-model.ts";

/** The thread of fetch-apart.ts. */
const { source, options } = workerData as FetchTask;
const cancel = new AbortController();
const say = (message: FetchMessage): void => parentPort?.postMessage(message);

/** A server may send a byte at a time, and whoever listens has others to serve. */
const PROGRESS_MS = 100;
let toldAtMs = Number.NEGATIVE_INFINITY;

function onProgress({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number | undefined }): void {
  const nowMs = systemClock.monotonicMs();
  if (nowMs - toldAtMs < PROGRESS_MS && doneBytes !== totalBytes) return;
  toldAtMs = nowMs;
  say({ type: "progress", doneBytes, totalBytes });
}

parentPort?.once("message", (reason: StopMessage) => cancel.abort(reason));
try {
  const path = await fetchModel(source, {
    ...options,
    signal: cancel.signal,
    onProgress,
    onRetry: (retry) => say({ type: "retry", retry }),
  });
  say({ type: "done", path });
} catch (error) {
  if (!(error instanceof ModelError)) throw error;
  say({ type: "failed", code: error.code, message: error.message });
}
