import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { systemClock } from "./clock.ts";
import { standStill } from "./test-support/standstill.ts";
import { rawUpstream } from "./test-support/upstream-server.ts";

describe("the machine's clock", () => {
  for (const kind of ["after", "every"] as const) {
    it(`calls ${kind} only when what came during a standstill has been read, and not at all where that calls it off`, async (t) => {
      const order: string[] = [];
      const calledOff: (() => void)[] = [];
      const server = await rawUpstream((socket) =>
        socket.on("data", () => {
          order.push("heard");
          for (const callOff of calledOff) callOff();
        }),
      );
      const client = net.connect(server.port, "127.0.0.1");
      t.after(async () => {
        client.destroy();
        await server.close();
      });
      await once(client, "connect");
      client.write("first");
      while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const stop = systemClock[kind](10, () => order.push("late"));
      calledOff.push(systemClock[kind](10, () => order.push("called all the same")));
      t.after(stop);
      client.write("second");
      standStill(50);
      while (!order.includes("late")) await new Promise((resolve) => setImmediate(resolve));
      stop();
      assert.deepEqual(order, ["heard", "heard", "late"]);
    });
  }
});
