import { defaultSettings, type Settings } from "@drover/config";
import { PROTOCOL_VERSION } from "@drover/contract/ipc";
import { type Clock, within } from "@drover/foundation/clock";
import { type GetResult, httpGet } from "@drover/foundation/network/http-get";
import type { WorkerLaunch } from "../launch.ts";
import { afterLook, type Look, UNKNOWN } from "./probe-verdict.ts";
import type { SpawnWorker, WorkerListener } from "../spawn.ts";
import type { SpawnedProcess } from "../spawned-process.ts";

/** How a worker that is not Drover's own is judged: HAProxy's `inter`, `rise`, `fall`, `timeout check`. */
export type ProbeRule = Settings["checks"];

interface ProbeParts {
  readonly clock: Clock;
  readonly rule: () => ProbeRule;
  /** A heartbeat must come before the worker counts as silent. */
  readonly longestPeriodMs: () => number;
}

const STARTING_PERIOD_MS = 250;
const HEARTBEAT_MS = 1000;
const FIRST_NOTICE_MS = 10_000;
const NOTICE_EVERY_MS = 60_000;

/**
 * Starts commands like `spawn` does, and speaks for them: HTTP probes become the messages that Drover's own worker
 * sends. `rise` good ones in a row are `ready`, `fall` bad ones in a row are its end, but not the silence of a server that
 * has requests: of that the heartbeats tell whether it moves. A command that speaks the protocol itself is left to it.
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
  const { clock, rule } = parts;
  const asking = createProbe(launch.options.port, clock);
  const notice = noticesOf(launch, listener, clock);
  let verdict = UNKNOWN;
  let hasStopped = false;
  let cancelLook: () => void;
  let endHeartbeats: (() => void) | undefined;
  const look = async () => {
    const found = await asking.look(rule());
    if (hasStopped) return;
    const { active } = listener.activity();
    // The next look at a busy server waits for this response: each further probe would take room in its queue of connections.
    if (found.isSilent && active === 0) asking.callOff();
    const wasReady = verdict.isReady;
    verdict = afterLook(verdict, { ...found, active }, rule().rise);
    if (!verdict.isReady) notice(rule().path, found.failure);
    if (verdict.isReady && !wasReady) {
      sayReady(launch, listener);
      endHeartbeats = startHeartbeats(listener, parts, () => verdict.allGood);
    }
    if (verdict.isReady && verdict.bad >= rule().fall) {
      const message = `${verdict.bad} probes of ${rule().path} failed: ${found.failure ?? ""}`;
      listener.onMessage({ type: "failed", code: "probe_failed", message });
      process.signal("SIGKILL");
      return;
    }
    cancelLook = clock.after(verdict.isReady ? rule().interval : STARTING_PERIOD_MS, () => void look());
  };
  cancelLook = clock.after(STARTING_PERIOD_MS, () => void look());
  return () => {
    hasStopped = true;
    asking.callOff();
    cancelLook();
    endHeartbeats?.();
  };
}

/** Says now and then why a command is not ready: it may listen elsewhere than it is asked, and would be waited for in silence. */
function noticesOf(
  { options: { port } }: WorkerLaunch,
  { onLine }: WorkerListener,
  clock: Clock,
): (path: string, failure: string | undefined) => void {
  const begunMs = clock.monotonicMs();
  let nextMs = FIRST_NOTICE_MS;
  return (path, failure) => {
    const waitedMs = clock.monotonicMs() - begunMs;
    if (failure === undefined || waitedMs < nextMs) return;
    nextMs = waitedMs + NOTICE_EVERY_MS;
    onLine(
      `not ready after ${Math.round(waitedMs / 1000)} s: http://127.0.0.1:${port}${path}: ${failure}; the command must listen there, on the port that {port} stands for`,
    );
  };
}

/**
 * Of their own accord, and not one after each look: a busy server may take longer than `livenessTimeout` for the response to a probe. Their steps say
 * whether anything moves; where it stands still, `stallTimeout` judges a server with requests.
 */
function startHeartbeats(
  listener: WorkerListener,
  { clock, longestPeriodMs }: ProbeParts,
  allGood: () => number,
): () => void {
  const beat = (): void => {
    const { active, bytesReceived } = listener.activity();
    listener.onMessage({ type: "heartbeat", steps: allGood() + bytesReceived, active, busySlots: 0 });
    cancel = clock.after(Math.min(HEARTBEAT_MS, longestPeriodMs()), beat);
  };
  let cancel = clock.after(0, beat);
  return () => cancel();
}

function sayReady(launch: WorkerLaunch, listener: WorkerListener): void {
  const { port, modelPath, modelId, slots = 0 } = launch.options;
  const model = modelId ?? modelPath;
  listener.onMessage({ type: "ready", protocol: PROTOCOL_VERSION, port, model, slots });
}

interface Probe {
  /** Asks the server, or goes on waiting for what it was asked before. Never rejects. */
  readonly look: (rule: ProbeRule) => Promise<Omit<Look, "active">>;
  /** Whatever it was asked, it is asked anew. */
  readonly callOff: () => void;
}

function createProbe(port: number, clock: Clock): Probe {
  let asked: { readonly result: Promise<GetResult>; readonly end: AbortController } | undefined;
  const ask = (path: string) => {
    const end = new AbortController();
    return { result: httpGet({ host: "127.0.0.1", port }, { path, signal: end.signal, clock }), end };
  };
  return {
    async look(rule) {
      asked ??= ask(rule.path);
      const result = await within(clock, rule.timeout, asked.result);
      if (result === undefined) return { failure: `no response within ${rule.timeout} ms`, isSilent: true };
      asked = undefined;
      if (!result.responded) return { failure: result.reason, isSilent: false };
      return { failure: judgeResponse(result.status, result.body, rule), isSilent: false };
    },
    callOff() {
      asked?.end.abort();
      asked = undefined;
    },
  };
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
