import type { Clock } from "@drover/foundation/clock";
import { createGate } from "../gate.ts";
import type { AskCanary } from "./canary.ts";
import type { Member, Recipe } from "./member.ts";
import { stopWorker } from "./stop-worker.ts";
import type { WorkerPlace } from "../placement/layout.ts";
import type { WorkerSet } from "./worker-set.ts";
import { hasProcess } from "./worker-states.ts";

export interface RollParts {
  readonly set: WorkerSet;
  readonly clock: Clock;
  readonly askCanary: AskCanary;
  readonly drainTimeoutMs: number;
  readonly canaryTimeoutMs: number;
  /** Whether a worker of this recipe fits beside the one that it replaces. */
  readonly fitsBeside: (old: Member) => boolean;
  /** Whether all workers are being ended: none may be started any more. */
  readonly isEnding: () => boolean;
}

/** What a member is replaced by. */
export interface NextGeneration {
  readonly recipe: Recipe;
  readonly place: WorkerPlace;
}

/** `reason`: why the new one does not serve. The old one then serves as before. */
export type Replacement = { readonly isDone: true } | { readonly isDone: false; readonly reason: string };

/**
 * Replaces one worker: starts the new one beside it where memory allows, asks it for a real token, shifts the traffic
 * and drains the old one. Where memory does not allow it the old one ends first, and comes back if the new one fails.
 */
export async function replaceMember(old: Member, next: NextGeneration, parts: RollParts): Promise<Replacement> {
  if (parts.fitsBeside(old) || !hasProcess(old.runner.state)) return await replaceBeside(old, next, parts);
  return await replaceAfter(old, next, parts);
}

async function replaceBeside(old: Member, next: NextGeneration, parts: RollParts): Promise<Replacement> {
  const { set } = parts;
  const candidate = set.create({ ...next, index: old.index, replaces: old });
  const failure = await startWithCanary(candidate, parts);
  if (failure !== undefined) {
    await discard(candidate, parts);
    return { isDone: false, reason: failure };
  }
  takeOver(candidate, old, set);
  await discard(old, parts);
  return { isDone: true };
}

async function replaceAfter(old: Member, next: NextGeneration, parts: RollParts): Promise<Replacement> {
  const { set } = parts;
  await stopWorker(old.runner, old.bridge, parts);
  const candidate = set.create({ ...next, index: old.index, replaces: old });
  const failure = await startWithCanary(candidate, parts);
  if (failure !== undefined) {
    await discard(candidate, parts);
    if (!parts.isEnding()) {
      old.runner.start();
      await old.runner.until("ready", "draining", "quarantined", "exited");
    }
    return { isDone: false, reason: failure };
  }
  takeOver(candidate, old, set);
  set.dispose(old);
  return { isDone: true };
}

/** A drained one is followed by a drained one, which never had traffic: its bridge is released after the drain. */
function takeOver(candidate: Member, old: Member, set: WorkerSet): void {
  if (old.runner.isDrained) candidate.runner.drain();
  candidate.bridge.release();
  set.admit(candidate);
}

/** undefined: it serves; else why not. One try: a canary that dies is not started again. */
async function startWithCanary({ runner, recipe }: Member, parts: RollParts): Promise<string | undefined> {
  if (parts.isEnding()) return "drover is ending";
  runner.start();
  const state = await runner.until("ready", "backoff", "quarantined", "exited");
  const { word, launch } = runner;
  if (state !== "ready" || word === undefined || launch === undefined) return runner.lastReason ?? "it did not start";
  if (recipe.settings.workers.embeddings || launch.command !== undefined) return undefined;
  const result = await parts.askCanary({
    port: word.port,
    secret: launch.secret,
    model: word.model,
    timeoutMs: parts.canaryTimeoutMs,
  });
  return result.isAlive ? undefined : `its canary failed: ${result.reason}`;
}

async function discard(member: Member, parts: RollParts): Promise<void> {
  await stopWorker(member.runner, member.bridge, parts);
  parts.set.dispose(member);
}

/** Runs `work` after what came before it has settled: the supervisor does one thing at a time. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = createGate<void>();
    const before = last;
    last = turn.opened;
    return before.then(work).finally(() => turn.open());
  };
}
