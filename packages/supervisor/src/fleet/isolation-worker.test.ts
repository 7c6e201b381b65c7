import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { loadSettings } from "@drover/config";
import { PROTOCOL_VERSION } from "@drover/contract/ipc";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { pino } from "pino";
import { createGate } from "../gate.ts";
import type { ProcessEnd } from "../process/spawned-process.ts";
import type { WorkerListener } from "../process/spawn.ts";
import type { BalancerPort } from "../worker/traffic.ts";
import { Worker, type WorkerSpec } from "../worker/worker.ts";
import { IsolationWorker } from "./isolation-worker.ts";

const { settings } = loadSettings({ flags: {}, environment: {} });
const model = { path: "m.gguf", id: undefined, version: "1" };
const made = { placement: { cpus: [], threads: 1 }, recipe: { settings, model, snapshotLimitBytes: 0 } };

/** A worker of everybody and the isolation worker, over scripted processes. */
function createWorld() {
  const clock = createManualClock();
  const processes: { readonly listener: WorkerListener; readonly end: (end: ProcessEnd) => void }[] = [];
  const upstreams = new Set<string>();
  const drained = createGate<void>();
  const balancer: BalancerPort = {
    addUpstream: ({ id }) => void upstreams.add(id),
    removeUpstream: (id) => void upstreams.delete(id),
    upstreamDied: () => ({ ofSuspect: false }),
    setReady: () => {},
    setExpected: () => {},
    drainUpstream: () => drained.opened,
    undrainUpstream: () => {},
    status: () => ({ upstreams: [], queue: { depth: 0 } }) as unknown as ReturnType<BalancerPort["status"]>,
  };
  const create = (spec: WorkerSpec) =>
    new Worker(spec, {
      clock,
      random: () => 0.5,
      balancer,
      launch: async () => ({
        options: { modelPath: "m.gguf", port: 1, threads: 1 },
        cpus: undefined,
        command: undefined,
        index: 1,
        secret: `secret ${processes.length}`,
      }),
      limits: () => settings.supervision,
      spawn: (_launch, listener) => {
        const ending = createGate<ProcessEnd>();
        processes.push({ listener, end: ending.open });
        return { pid: processes.length, send: () => {}, signal: () => {}, ended: ending.opened };
      },
      onChange: () => {},
      onLine: () => {},
      onProgress: () => {},
      onHeard: () => {},
      explainEnd: () => undefined,
    });
  const everybodys = create({ index: 1, ...made });
  const parts = () => ({
    get: () => everybodys,
    create,
    admit: () => {},
    dispose: (worker: Worker) => worker.traffic.remove(),
    fitsBeside: () => true,
    logger: pino({ level: "silent" }),
    isEnding: () => false,
    drainTimeoutMs: 30_000,
    canaryTimeoutMs: 30_000,
    next: made,
    workers: [everybodys],
    isAsleep: false,
  });
  const isolation = new IsolationWorker(parts);
  const comesReady = async (index: number) => {
    await settled();
    const what = { protocol: PROTOCOL_VERSION, port: index, model: "m", slots: 1 };
    processes[index]?.listener.onMessage({ type: "ready", ...what });
    await settled();
  };
  return { everybodys, isolation, upstreams, drained, processes, comesReady };
}

describe("IsolationWorker", () => {
  it("that is wanted again while the one before still ends is there afterwards, with its traffic", async () => {
    const { everybodys, isolation, upstreams, drained, processes, comesReady } = createWorld();
    everybodys.start();
    await comesReady(0);
    isolation.want();
    await comesReady(1);
    assert.deepEqual([...upstreams], ["1", "isolation"]);
    const ended = isolation.end();
    isolation.want();
    await comesReady(2);
    drained.open();
    await settled();
    processes[1]?.end({ exitCode: 0, signal: undefined, reason: undefined });
    await ended;
    await comesReady(2);
    assert.deepEqual(
      isolation.workers.map(({ state }) => state),
      ["ready"],
    );
    assert.ok(upstreams.has("isolation"));
  });

  it("that is wanted before or during a reload is there behind it, and one that is not wanted any more is not", async () => {
    const { everybodys, isolation, drained, processes, comesReady } = createWorld();
    const end = async (index: number) => {
      await settled();
      processes[index]?.end({ exitCode: 0, signal: undefined, reason: undefined });
      await settled();
    };
    drained.open();
    everybodys.start();
    await comesReady(0);
    isolation.want();
    await comesReady(1);
    const reload = createGate<void>();
    const reloaded = isolation.without(() => reload.opened);
    await end(1);
    isolation.want();
    await settled();
    assert.deepEqual(isolation.workers, []);
    reload.open();
    await reloaded;
    await comesReady(2);
    assert.deepEqual(
      isolation.workers.map(({ state }) => state),
      ["ready"],
    );
    const failing = isolation.without(async () => {
      await isolation.end();
      throw new Error("the new model does not load");
    });
    const failed = assert.rejects(failing);
    await end(2);
    await failed;
    assert.deepEqual(isolation.workers, []);
  });
});
