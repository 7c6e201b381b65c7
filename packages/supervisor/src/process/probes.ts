import { defaultSettings, type Settings } from "@drover/config";
import { PROTOCOL_VERSION } from "@drover/contract/ipc";
import type { Clock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/http-get";
import type { WorkerLaunch } from "./launch.ts";
import type { SpawnedProcess, SpawnWorker, WorkerListener } from "./spawn.ts";

/** How a worker that is not Drover's own is judged: HAProxy's `inter`, `rise`, `fall`, `timeout check`. */
export type ProbeRule = Settings["checks"];

interface ProbeParts {
  readonly clock: Clock;
  readonly rule: () => ProbeRule;
  /** However long the interval is, a probe must come before the worker counts as silent. */
  readonly longestPeriodMs: () => number;
}

const STARTING_PERIOD_MS = 250;

/**
 * Starts commands like `spawn` does, and speaks for them: HTTP probes become the messages that Drover's own worker
 * sends. `rise` good ones in a row are `ready`, each one is a heartbeat, `fall` bad ones in a row are its end. A
 * command that speaks the protocol itself is left to it.
 */
export function withProbes(spawn: SpawnWorker, parts: ProbeParts): SpawnWorker {
  return (launch, listener) => {
    if (launch.command === undefined) return spawn(launch, listener);
    const probing: { stop?: () => void } = {};
    const process = spawn(launch, {
      ...listener,
      onMessage: (message) => {
        probing.stop?.();
        listener.onMessage(message);
      },
    });
    probing.stop = probe(process, launch, listener, parts);
    void process.ended.then(probing.stop);
    return process;
  };
}

interface Streak {
  good: number;
  bad: number;
  probes: number;
}

function probe(
  process: SpawnedProcess,
  launch: WorkerLaunch,
  listener: WorkerListener,
  { clock, rule, longestPeriodMs }: ProbeParts,
): () => void {
  const streak: Streak = { good: 0, bad: 0, probes: 0 };
  let isReady = false;
  let hasStopped = false;
  let cancel: () => void;
  const look = async () => {
    const failure = await probeOnce(launch.options.port, rule(), clock);
    if (hasStopped) return;
    streak.probes += 1;
    streak.good = failure === undefined ? streak.good + 1 : 0;
    streak.bad = failure === undefined ? 0 : streak.bad + 1;
    if (!isReady && streak.good >= rule().rise) {
      isReady = true;
      sayReady(launch, listener);
    }
    // The streak alone judges it: whatever a probe finds, somebody has looked.
    if (isReady) listener.onMessage({ type: "heartbeat", steps: streak.probes, active: 0, busySlots: 0 });
    if (isReady && streak.bad >= rule().fall) {
      const message = `${streak.bad} probes of ${rule().path} failed: ${failure ?? ""}`;
      listener.onMessage({ type: "failed", code: "probe_failed", message });
      process.signal("SIGKILL");
      return;
    }
    cancel = clock.after(
      isReady ? Math.min(rule().interval, longestPeriodMs()) : STARTING_PERIOD_MS,
      () => void look(),
    );
  };
  cancel = clock.after(STARTING_PERIOD_MS, () => void look());
  return () => {
    hasStopped = true;
    cancel();
  };
}

function sayReady(launch: WorkerLaunch, listener: WorkerListener): void {
  const { port, modelPath, slots = 0, contextTokens = 0 } = launch.options;
  const model = launch.options.modelId ?? modelPath;
  listener.onMessage({ type: "ready", protocol: PROTOCOL_VERSION, port, model, slots, contextTokens });
}

/** Undefined when it is well, else why not. Never rejects. */
async function probeOnce(port: number, rule: ProbeRule, clock: Clock): Promise<string | undefined> {
  const { path, timeout: timeoutMs } = rule;
  const result = await httpGet({ host: "127.0.0.1", port }, { path, timeoutMs, clock });
  return result.responded ? judgeAnswer(result.status, result.body, rule) : result.reason;
}

/** The path that nobody chose: a server that does not have it is as well as it can say. */
const DEFAULT_PATH = defaultSettings().checks.path;

function judgeAnswer(status: number, body: string, rule: ProbeRule): string | undefined {
  const lacksRoute = status === 404 || status === 405;
  if (lacksRoute && rule.path === DEFAULT_PATH && rule.body === undefined) return undefined;
  if (status < 200 || status > 399) return `it answered ${status}`;
  if (rule.body !== undefined && !body.includes(rule.body)) return `its answer lacks "${rule.body}"`;
  return undefined;
}
