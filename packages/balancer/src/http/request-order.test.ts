import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { RequestOrder } from "./request-order.ts";

const CONNECTIONS = 20;
const REQUESTS = 50;

describe("RequestOrder", () => {
  it("lets a few of a flood of connections begin in each turn of the loop, and forgets those that left", async () => {
    const order = new RequestOrder();
    const sockets = Array.from({ length: 100 }, () => new Socket());
    const served = new Set<Socket>();
    for (const socket of sockets) order.take(socket, new EventEmitter() as ServerResponse, () => served.add(socket));
    assert.equal(served.size, 16);
    sockets[20]?.destroy();
    for (let turn = 0; turn < 7; turn += 1) {
      const before = served.size;
      await setImmediate();
      assert.ok(served.size - before <= 16, `${served.size - before} in a turn`);
    }
    assert.deepEqual([served.size, order.isIdle(sockets[20] as Socket)], [99, true]);
  });

  it("does so with requests behind others on their connections, too, however many were sent, and never once their client is gone", async () => {
    const order = new RequestOrder();
    const sockets = Array.from({ length: CONNECTIONS }, () => new Socket());
    const served = new Map(sockets.map((socket) => [socket, 0]));
    let inTurn = 0;
    for (const socket of sockets) {
      for (let index = 0; index < REQUESTS; index += 1) {
        const response = new EventEmitter() as ServerResponse;
        order.take(socket, response, () => {
          served.set(socket, (served.get(socket) ?? 0) + 1);
          inTurn += 1;
          response.emit("close");
        });
      }
    }
    const [gone] = sockets;
    gone?.destroy();
    const [before] = served.values();
    const most: number[] = [];
    for (let turn = 0; turn < CONNECTIONS * REQUESTS; turn += 1) {
      inTurn = 0;
      await setImmediate();
      most.push(inTurn);
    }
    assert.ok(Math.max(...most) <= 17, `${Math.max(...most)} in a turn`);
    assert.deepEqual([...served.values()], [before, ...sockets.slice(1).map(() => REQUESTS)]);
    assert.ok(sockets.every((socket) => order.isIdle(socket)));
  });
});
