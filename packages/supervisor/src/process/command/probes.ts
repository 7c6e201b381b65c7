import { connect } from "node:net";
import { defaultSettings, type Settings } from "@drover/config";
import { PROTOCOL_VERSION } from "@drover/contract/ipc";
import type { Clock } from "@drover/foundation/clock";
import { httpGet } from "@drover/foundation/network/http-get";
import type { WorkerLaunch } from "../launch.ts";
import { afterLook, type Look, UNKNOWN } from "./probe-verdict.ts";
import type { SpawnWorker, WorkerListener } from "../spawn.ts";
import type { SpawnedProcess } from "../spawned-process.ts";

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
 * sends. `rise` good ones in a row are `ready`, each one is a heartbeat, `fall` bad ones in a row are its end, but not
 * the silence of a server that has requests. A command that speaks the protocol itself is left to it.
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

function probe(process: SpawnedProcess, launch: WorkerLaunch, listener: WorkerListener, parts: ProbeParts): () => void {
  const { clock, rule, longestPeriodMs } = parts;
  const { port } = launch.options;
  let verdict = UNKNOWN;
  let hasStopped = false;
  let cancel: () => void;
  const look = async () => {
    const found = await probeOnce(port, rule(), clock);
    if (hasStopped) return;
    const activity = listener.activity();
    const wasReady = verdict.isReady;
    verdict = afterLook(verdict, { ...found, activity }, rule().rise);
    if (verdict.isReady && !wasReady) sayReady(launch, listener);
    // Whatever a probe finds, somebody has looked: `steps` says whether anything moves.
    const { steps } = verdict;
    if (verdict.isReady) listener.onMessage({ type: "heartbeat", steps, active: activity.active, busySlots: 0 });
    if (verdict.isReady && verdict.bad >= rule().fall) {
      const message = `${verdict.bad} probes of ${rule().path} failed: ${found.failure ?? ""}`;
      listener.onMessage({ type: "failed", code: "probe_failed", message });
      process.signal("SIGKILL");
      return;
    }
    const periodMs = verdict.isReady ? Math.min(rule().interval, longestPeriodMs()) : STARTING_PERIOD_MS;
    cancel = clock.after(periodMs, () => void look());
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

/** Never rejects. */
async function probeOnce(port: number, rule: ProbeRule, clock: Clock): Promise<Omit<Look, "activity">> {
  const { path, timeout: timeoutMs } = rule;
  const result = await httpGet({ host: "127.0.0.1", port }, { path, timeoutMs, clock });
  if (result.responded) return { failure: judgeResponse(result.status, result.body, rule), isSilent: false };
  return { failure: result.reason, isSilent: await accepts(port, timeoutMs, clock) };
}

/** Whether somebody listens on the port. Never rejects. */
function accepts(port: number, timeoutMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (isOpen: boolean) => {
      cancel();
      socket.destroy();
      resolve(isOpen);
    };
    const cancel = clock.after(timeoutMs, () => settle(false));
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}

/** The path that nobody chose: a server that does not have it is as well as it can say. */
const DEFAULT_PATH = defaultSettings().checks.path;

function judgeResponse(status: number, body: string, rule: ProbeRule): string | undefined {
  const lacksRoute = status === 404 || status === 405;
  if (lacksRoute && rule.path === DEFAULT_PATH && rule.body === undefined) return undefined;
  if (status < 200 || status > 399) return `it responded with ${status}`;
  if (rule.body !== undefined && !body.includes(rule.body)) return `its response lacks "${rule.body}"`;
  return undefined;
}
