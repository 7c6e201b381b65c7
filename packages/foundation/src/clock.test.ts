import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { pause, systemClock } from "./clock.ts";
import { createManualClock } from "./test-support/manual-clock.ts";

describe("the machine's clock", () => {
  for (const kind of ["after", "every"] as const) {
    it(`calls ${kind} only when what arrived during a standstill has been read, and not at all where that cancels it`, async (t) => {
      const order: string[] = [];
      const cancels: (() => void)[] = [];
      const server = net.createServer((socket) =>
        socket.on("data", () => {
          order.push("heard");
          for (const cancel of cancels) cancel();
        }),
      );
      await once(server.listen(0, "127.0.0.1"), "listening");
      const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
      t.after(() => {
        client.destroy();
        server.close();
      });
      await once(client, "connect");
      client.write("first");
      while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const stop = systemClock[kind](10, () => order.push("late"));
      cancels.push(systemClock[kind](10, () => order.push("called all the same")));
      t.after(stop);
      client.write("second");
      standStill(50);
      while (!order.includes("late")) await new Promise((resolve) => setImmediate(resolve));
      stop();
      assert.deepEqual(order, ["heard", "heard", "late"]);
    });
  }

  it("measures durations by a clock that a changed date does not touch", (t) => {
    const beforeMs = systemClock.monotonicMs();
    t.mock.method(Date, "now", () => 0);
    assert.equal(systemClock.epochMs(), 0);
    assert.ok(systemClock.monotonicMs() >= beforeMs);
  });
});

describe("a pause", () => {
  it("ends after its duration, or with its signal, and leaves no timer behind", async () => {
    const clock = createManualClock();
    const order: string[] = [];
    const leaving = new AbortController();
    void pause(clock, 100).then(() => order.push("over"));
    const left = pause(clock, 1000, leaving.signal);
    clock.advance(100);
    leaving.abort();
    await left;
    await pause(clock, 1000, leaving.signal);
    assert.deepEqual([order, clock.waiting()], [["over"], 0]);
  });
});

/** Stops this process, as a machine that sleeps does. What the kernel receives meanwhile waits. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
