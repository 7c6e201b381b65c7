import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { loadSettings } from "@drover/config";
import { PROTOCOL_VERSION, type WorkerMessage } from "@drover/contract/ipc";
import { array, assert as assertProperty, asyncProperty, constantFrom } from "fast-check";
import { createGate } from "../gate.ts";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import type { WorkerLaunch } from "../process/launch.ts";
import type { ProcessEnd } from "../process/spawned-process.ts";
import type { WorkerListener } from "../process/spawn.ts";
import { hasProcess } from "./transitions.ts";
import type { BalancerPort } from "./traffic.ts";
import type { WorkerChange } from "./worker-change.ts";
import { Worker } from "./worker.ts";

const limits = {
  backoff: 500,
  backoffLimit: 30_000,
  maxRestarts: 5,
  restartWindow: 60_000,
  livenessTimeout: 10_000,
  stallTimeout: 60_000,
  startTimeout: 20_000,
  grace: 5_000,
};
const launch: WorkerLaunch = {
  options: { modelPath: "m.gguf", port: 1, threads: 1 },
  cpus: undefined,
  command: undefined,
  index: 1,
  secret: "s",
};
const READY = {
  type: "ready",
  protocol: PROTOCOL_VERSION,
  port: 1,
  model: "m",
  slots: 1,
} as const;

const { settings } = loadSettings({ flags: {}, environment: {} });
const recipe = { settings, model: { path: "m.gguf", id: undefined, version: "1" }, snapshotLimitBytes: 0 };

/** A worker over scripted processes and a clock that is moved by hand. */
function createWorld() {
  const clock = createManualClock();
  const processes: { isAlive: boolean; isKilled: boolean; listener: WorkerListener; end: (end: ProcessEnd) => void }[] =
    [];
  const changes: WorkerChange[] = [];
  const traffic = { isOpen: false };
  /** What starting a process throws. */
  const refusal: { error?: Error } = {};
  const parts = {
    clock,
    random: () => 0.5,
    balancer: balancerOf(traffic),
    launch: () => Promise.resolve(launch),
    limits: () => limits,
    spawn: (_launch: WorkerLaunch, listener: WorkerListener) => {
      if (refusal.error !== undefined) throw refusal.error;
      const ending = createGate<ProcessEnd>();
      const made = {
        isAlive: true,
        isKilled: false,
        listener,
        end: (end: ProcessEnd) => {
          made.isAlive = false;
          ending.open(end);
        },
      };
      processes.push(made);
      const signal = (name: string) => {
        made.isKilled ||= name === "SIGKILL";
      };
      return { pid: processes.length, send: () => {}, signal, ended: ending.opened };
    },
    onChange: (_worker: Worker, change: WorkerChange) => void changes.push(change),
    onLine: () => {},
    onProgress: () => {},
    onHeard: () => {},
    explainEnd: ({ signal }: ProcessEnd) => (signal === "SIGKILL" ? "the kernel did it" : undefined),
  };
  const worker = new Worker({ index: 1, placement: { cpus: [], threads: 1 }, recipe }, parts);
  const alive = () => processes.filter((process) => process.isAlive);
  const say = (message: WorkerMessage) => alive()[0]?.listener.onMessage(message);
  const die = (exitCode: number) => alive()[0]?.end({ exitCode, signal: undefined, reason: undefined });
  return { clock, processes, changes, traffic, refusal, worker, alive, say, die };
}

/** A balancer that only keeps whether the worker may have requests. */
function balancerOf(traffic: { isOpen: boolean; isOfSuspect?: boolean }): BalancerPort {
  return {
    addUpstream: () => {},
    removeUpstream: () => {},
    upstreamDied: () => ({ ofSuspect: traffic.isOfSuspect === true }),
    setReady: (_id, isReady) => {
      traffic.isOpen = isReady;
    },
    setExpected: () => {},
    drainUpstream: () => Promise.resolve(),
    undrainUpstream: () => {},
    status: () => ({ upstreams: [], queue: { depth: 0 } }) as unknown as ReturnType<BalancerPort["status"]>,
  };
}

type World = ReturnType<typeof createWorld>;

const ACTIONS: Readonly<Record<string, (world: World) => void>> = {
  start: ({ worker }) => worker.start(),
  stop: ({ worker }) => worker.stop(),
  drain: ({ worker }) => worker.drain(),
  undrain: ({ worker }) => worker.undrain(),
  finish: ({ worker }) => void worker.finish(60_000),
  loading: ({ say }) => say({ type: "loading", progress: 0.5 }),
  ready: ({ say }) => say(READY),
  beat: ({ say }) => say({ type: "heartbeat", steps: 1, active: 1, busySlots: 1 }),
  failed: ({ say }) => say({ type: "failed", code: "model_unloadable", message: "no" }),
  die: ({ die }) => die(1),
  look: ({ worker }) => worker.checkLiveness(0),
  "wait a little": ({ clock }) => clock.advance(700),
  "wait long": ({ clock }) => clock.advance(25_000),
};

function assertSound({ worker, alive, traffic, clock }: World): void {
  assert.ok(alive().length <= 1, "two processes for one worker");
  assert.ok(!traffic.isOpen || worker.state === "ready", `traffic to a worker that is ${worker.state}`);
  if (worker.state === "ready") assert.ok(traffic.isOpen, "a ready worker without traffic");
  const isTimed = ["starting", "loading", "stopping", "backoff"].includes(worker.state);
  assert.equal(clock.waiting(), isTimed ? 1 : 0, `timers in ${worker.state}`);
  if (!hasProcess(worker.state)) assert.equal(alive().length, 0, `a process in ${worker.state}`);
}

describe("Worker", () => {
  it("holds its promises under any sequence of events, and ends with nothing left", async () => {
    const sequences = array(constantFrom(...Object.keys(ACTIONS)), { maxLength: 60 });
    await assertProperty(
      asyncProperty(sequences, async (names) => {
        const world = createWorld();
        for (const name of names) {
          ACTIONS[name]?.(world);
          await setImmediate();
          assertSound(world);
        }
        world.worker.stop();
        world.clock.advance(20_000);
        await setImmediate();
        world.die(0);
        await setImmediate();
        assert.ok(world.worker.state === "exited" && world.alive().length === 0 && world.clock.waiting() === 0);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("kills what does not heed TERM once the grace is over", async () => {
    const { worker, clock, processes, say } = createWorld();
    worker.start();
    await setImmediate();
    say(READY);
    worker.stop();
    clock.advance(4_999);
    assert.equal(processes[0]?.isKilled, false);
    clock.advance(1);
    assert.equal(processes[0]?.isKilled, true);
  });

  it("comes back drained after a crash, and serves once that is taken back", async () => {
    const { worker, clock, traffic, say, die } = createWorld();
    worker.start();
    await setImmediate();
    say(READY);
    worker.drain();
    for (let crashes = 0; crashes < 2; crashes += 1) {
      die(1);
      await setImmediate();
      clock.advance(2_000);
      await setImmediate();
      say(READY);
      assert.deepEqual([worker.state, traffic.isOpen], ["draining", false]);
    }
    worker.undrain();
    assert.deepEqual([worker.state, traffic.isOpen], ["ready", true]);
  });

  it("comes back serving when it was drained only because it was to end", async () => {
    const { worker, say, die } = createWorld();
    worker.start();
    await setImmediate();
    say(READY);
    const finished = worker.finish(60_000);
    await setImmediate();
    die(0);
    await finished;
    worker.start();
    await setImmediate();
    say(READY);
    assert.equal(worker.state, "ready");
  });

  it("gives no traffic to a worker of another version, and says what to do", async () => {
    const { worker, traffic, processes, changes, say, die } = createWorld();
    worker.start();
    await setImmediate();
    say({ ...READY, protocol: PROTOCOL_VERSION + 1 });
    assert.deepEqual([traffic.isOpen, processes[0]?.isKilled], [false, true]);
    die(1);
    await setImmediate();
    assert.equal(worker.state, "quarantined");
    assert.match(changes.at(-1)?.reason ?? "", /stop it and start it again/);
  });

  it("says why a worker is gone in its own words, and quarantines it at once when another try is no use", async () => {
    const { worker, changes, say, die } = createWorld();
    worker.start();
    await setImmediate();
    say({ type: "failed", code: "model_unloadable", message: "m.gguf is no model" });
    die(1);
    await setImmediate();
    assert.deepEqual(changes.at(-1), {
      worker: "1",
      from: "starting",
      to: "quarantined",
      event: "gave-up",
      reason: "m.gguf is no model",
    });
  });

  it("lets an end by SIGKILL be explained, but not one that it sent itself", async () => {
    const { worker, changes, clock, processes, say } = createWorld();
    const killed = { exitCode: undefined, signal: "SIGKILL", reason: undefined } as const;
    worker.start();
    await setImmediate();
    say(READY);
    processes[0]?.end(killed);
    await setImmediate();
    assert.equal(changes.at(-1)?.reason, "the kernel did it");
    clock.advance(2_000);
    await setImmediate();
    clock.advance(20_000);
    processes[1]?.end(killed);
    await setImmediate();
    assert.equal(changes.at(-1)?.reason, "killed by SIGKILL");
  });

  it("restarts a worker whose start takes longer than the start timeout", async () => {
    const { worker, clock, processes, die } = createWorld();
    worker.start();
    await setImmediate();
    clock.advance(20_000);
    assert.equal(processes[0]?.isKilled, true);
    die(137);
    await setImmediate();
    clock.advance(600);
    await setImmediate();
    assert.equal(processes.length, 2);
    assert.equal(worker.restarts.sum, 1);
  });

  it("goes on trying while the machine has no descriptor for a worker, charges it with nothing, and starts it when there is one", async () => {
    const { worker, clock, refusal, changes, alive } = createWorld();
    const cause = Object.assign(new Error("open failed"), { code: "EMFILE" });
    refusal.error = new Error("no descriptor is free", { cause });
    worker.start();
    for (let tries = 0; tries < 20; tries++) {
      await setImmediate();
      clock.advance(Math.min(limits.backoffLimit, limits.backoff * 2 ** tries));
    }
    assert.ok(changes.every(({ to }) => to !== "quarantined"));
    assert.match(changes.find(({ to }) => to === "backoff")?.reason ?? "", /no descriptor is free/);
    delete refusal.error;
    await setImmediate();
    assert.equal(alive().length, 1);
    assert.equal(worker.restarts.sum, 0);
  });
});
