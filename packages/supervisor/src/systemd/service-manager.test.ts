import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { createServiceManager } from "./service-manager.ts";

/** Lets what was sent arrive. */
async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await immediate();
}

const LOADING = ["EXTEND_TIMEOUT_USEC=30000000", "STATUS=0/2 workers, 0 of 16 slots"];

describe("createServiceManager", () => {
  it("asks for more time while it loads, and says READY only when told", async () => {
    const { manager, clock, sent } = start();
    await turn();
    assert.deepEqual(sent, [LOADING]);
    clock.advance(20_000);
    await turn();
    assert.deepEqual(sent, [LOADING, LOADING, LOADING]);
    await manager.ready();
    assert.deepEqual(sent.at(-1), ["READY=1", "STATUS=0/2 workers, 0 of 16 slots"]);
    sent.length = 0;
    clock.advance(9_000);
    await turn();
    assert.deepEqual(sent, []);
  });

  it("starts the watchdog with READY, not before", async () => {
    const { manager, clock, sent } = start({ WATCHDOG_USEC: "30000000" });
    clock.advance(60_000);
    await turn();
    assert.ok(!sent.some((words) => words.includes("WATCHDOG=1")));
    await manager.ready();
    clock.advance(15_000);
    await turn();
    assert.deepEqual(sent.at(-1), ["WATCHDOG=1"]);
  });

  it("sends a status when it has changed, at most every five seconds", async () => {
    const { manager, clock, sent, world } = start();
    await manager.ready();
    sent.length = 0;
    for (const busy of [1, 2, 3]) {
      world.status = `2/2 workers, ${busy} of 16 slots`;
      clock.advance(1_000);
    }
    clock.advance(2_000);
    await turn();
    assert.deepEqual(sent, [["STATUS=2/2 workers, 3 of 16 slots"]]);
    clock.advance(10_000);
    await turn();
    assert.equal(sent.length, 1);
  });

  it("brackets a reload with RELOADING and its time, and READY", async () => {
    const { manager, sent } = start();
    await manager.ready();
    await manager.reloading();
    await manager.reloaded();
    assert.deepEqual(sent.slice(-2), [
      ["RELOADING=1", "MONOTONIC_USEC=123456", "STATUS=reloading"],
      ["READY=1", "STATUS=0/2 workers, 0 of 16 slots"],
    ]);
  });

  it("says nothing of a reload while it loads or stops: READY would be too early, or too late", async () => {
    const { manager, sent } = start();
    await manager.reloading();
    await manager.reloaded();
    await turn();
    assert.deepEqual(sent, [LOADING]);
    await manager.ready();
    await manager.stopping();
    await manager.reloaded();
    assert.equal(sent.at(-1)?.[0], "STOPPING=1");
  });

  it("says STOPPING and asks for more time while it drains, until it is closed", async () => {
    const { manager, clock, sent } = start({ WATCHDOG_USEC: "30000000" });
    await manager.ready();
    await manager.stopping();
    assert.deepEqual(sent.at(-1), [
      "STOPPING=1",
      "EXTEND_TIMEOUT_USEC=30000000",
      "STATUS=stopping: 0/2 workers, 0 of 16 slots",
    ]);
    clock.advance(10_000);
    await turn();
    assert.equal(sent.at(-1)?.[0], "EXTEND_TIMEOUT_USEC=30000000");
    manager.close();
    assert.equal(clock.waiting(), 0);
  });

  it("sends in the order of the calls, however long each takes, and warns once when none gets through", async () => {
    const { manager, sent, world, warnings } = start();
    world.fails = true;
    await Promise.all([manager.ready(), manager.reloading(), manager.ready()]);
    assert.deepEqual(
      sent.map((words) => words[0]),
      ["EXTEND_TIMEOUT_USEC=30000000", "READY=1", "RELOADING=1", "READY=1"],
    );
    assert.deepEqual(warnings, [
      "systemd was not told EXTEND_TIMEOUT_USEC=30000000 STATUS=0/2 workers, 0 of 16 slots: no such program",
    ]);
  });

  it("does nothing without systemd, and hides systemd's variables from children", async () => {
    const environment = { LISTEN_FDS: "1", LISTEN_PID: "77", WATCHDOG_USEC: "1", HOME: "/" };
    const { manager, clock, sent } = start(environment, {});
    await manager.ready();
    await manager.stopping();
    assert.deepEqual([sent, clock.waiting(), environment], [[], 0, { HOME: "/" }]);
    assert.deepEqual(manager.listenFds, [3]);
  });
});

function start(environment: NodeJS.ProcessEnv = {}, socket = { NOTIFY_SOCKET: "/run/systemd/notify" } as object) {
  Object.assign(environment, socket);
  const clock = createManualClock();
  const sent: (readonly string[])[] = [];
  const warnings: string[] = [];
  const world = { status: "0/2 workers, 0 of 16 slots", fails: false };
  const manager = createServiceManager({
    environment,
    pid: 77,
    clock,
    monotonicUs: () => 123_456n,
    run: async (file, words, env) => {
      assert.deepEqual([file, env], ["systemd-notify", { NOTIFY_SOCKET: "/run/systemd/notify" }]);
      await immediate();
      sent.push(words);
      if (world.fails) throw new Error("no such program");
    },
    warn: (message) => warnings.push(message),
    status: () => world.status,
    checks: [{ name: "all is well", isFresh: async () => true }],
  });
  return { manager, clock, sent, warnings, world };
}
