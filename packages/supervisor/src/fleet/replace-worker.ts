import { SECRET_HEADER } from "@drover/contract/headers";
import { systemClock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import type { Logger } from "pino";
import type { WorkerPlacement } from "../placement/layout.ts";
import type { Recipe } from "../worker/recipe.ts";
import { hasProcess } from "../worker/transitions.ts";
import type { ReadyMessage } from "../worker/worker-process.ts";
import type { Worker, WorkerSpec } from "../worker/worker.ts";

/** What a replacement needs of the fleet. */
export interface ReplaceParts {
  readonly logger: Logger;
  readonly get: (id: string) => Worker;
  /** Makes a worker that does not run yet; one that replaces another is a candidate until `admit`. */
  readonly create: (spec: WorkerSpec) => Worker;
  /** The candidate becomes the worker of its id. */
  readonly admit: (candidate: Worker) => void;
  /** Forgets one whose process has ended. */
  readonly dispose: (worker: Worker) => void;
  readonly drainTimeoutMs: number;
  readonly canaryTimeoutMs: number;
  /** Whether a worker of this recipe fits beside the one that it replaces. */
  readonly fitsBeside: (old: Worker) => boolean;
  /** Whether all workers are being ended: none may be started any more. */
  readonly isEnding: () => boolean;
}

/** What a worker is replaced by. */
export interface NextGeneration {
  readonly recipe: Recipe;
  readonly placement: WorkerPlacement;
}

/** `reason`: why the new one does not serve. The old one then serves as before. */
export type Replacement = { readonly isDone: true } | { readonly isDone: false; readonly reason: string };

/**
 * Replaces one worker: starts the new one beside it where memory allows, asks it for a real token, shifts the traffic
 * and drains the old one. Where memory does not allow it the old one ends first, and comes back if the new one fails.
 */
export async function replaceWorker(
  old: Worker,
  { recipe, placement }: NextGeneration,
  parts: ReplaceParts,
): Promise<Replacement> {
  const endsFirst = hasProcess(old.state) && !parts.fitsBeside(old);
  if (endsFirst) await old.finish(parts.drainTimeoutMs);
  const candidate = parts.create({ index: old.index, recipe, placement, replaces: old });
  const failure = await startWithCanary(candidate, parts);
  if (failure !== undefined) {
    await discard(candidate, parts);
    if (endsFirst && !parts.isEnding()) {
      old.start();
      await old.until("ready", "draining", "quarantined", "exited");
    }
    return { isDone: false, reason: failure };
  }
  // A drained one is followed by a drained one, which never had traffic: that is released after the drain.
  if (old.isDrained) candidate.drain();
  candidate.traffic.release();
  parts.admit(candidate);
  await discard(old, parts);
  return { isDone: true };
}

/** undefined: it serves; else why not. One try: a canary that dies is not started again. */
async function startWithCanary(worker: Worker, parts: ReplaceParts): Promise<string | undefined> {
  if (parts.isEnding()) return "drover is ending";
  worker.start();
  const state = await worker.until("ready", "backoff", "quarantined", "exited");
  const { process, launch } = worker;
  if (state !== "ready" || process?.readyMessage === undefined || launch === undefined)
    return worker.lastReason ?? "it did not start";
  if (worker.recipe.settings.workers.embeddings || launch.command !== undefined) return undefined;
  const failure = await askCanary(process.readyMessage, launch.secret, parts.canaryTimeoutMs);
  return failure === undefined ? undefined : `its canary failed: ${failure}`;
}

/** One real token, on the worker's own port. @returns undefined: it is well; else what it did instead */
async function askCanary(
  { port, model }: ReadyMessage,
  secret: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const post = JSON.stringify({ model, prompt: "Hello", max_tokens: 1 });
  const headers = { "content-type": "application/json", [SECRET_HEADER]: secret };
  const call = { path: "/v1/completions", post, headers, timeoutMs, clock: systemClock };
  const result = await httpGet({ host: "127.0.0.1", port }, call);
  if (!result.responded) return result.reason;
  return result.status === 200 ? undefined : `it responded with ${result.status} to a first request`;
}

async function discard(worker: Worker, parts: ReplaceParts): Promise<void> {
  await worker.finish(parts.drainTimeoutMs);
  parts.dispose(worker);
}
