import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { Isolation } from "./isolation.ts";

function open() {
  const clock = createManualClock();
  const heard: string[] = [];
  const isolation = new Isolation(clock, {
    onWanted: () => heard.push("wanted"),
    onFreed: () => heard.push("freed"),
    onOver: () => heard.push("over"),
  });
  const request = (sender: string) => {
    isolation.see({ sender });
    return { sender };
  };
  return { clock, heard, isolation, request };
}

describe("A sender whose requests crash workers", () => {
  it("is isolated after the second crash, for ten minutes", () => {
    const { clock, heard, isolation, request } = open();
    const [other, first, second] = [request("other"), request("mallory"), request("mallory")];
    isolation.crashed([first]);
    assert.ok(!isolation.isIsolated(first));
    isolation.crashed([second]);
    assert.ok(isolation.isIsolated(request("mallory")));
    assert.ok(!isolation.isIsolated(other));
    assert.deepEqual(heard, ["wanted"]);
    clock.advance(595_000);
    request("other");
    assert.ok(isolation.isIsolated(first));
    clock.advance(10_000);
    assert.ok(!isolation.isIsolated(first));
    assert.deepEqual(heard, ["wanted", "freed", "over"]);
  });

  it("stays isolated for ten minutes after each further crash", () => {
    const { clock, isolation, request } = open();
    const killer = request("mallory");
    isolation.crashed([killer]);
    for (let times = 0; times < 4; times += 1) {
      isolation.crashed([killer]);
      clock.advance(500_000);
      request("other");
      assert.ok(isolation.isIsolated(killer));
    }
  });

  it("is not isolated for requests that succeed when they are tried again", () => {
    const { heard, isolation, request } = open();
    const [killer, beside, later] = [request("mallory"), request("honest"), request("honest")];
    isolation.crashed([killer, beside]);
    isolation.clear(beside);
    isolation.crashed([killer, later]);
    assert.deepEqual(
      [killer, later].map((one) => isolation.isIsolated(one)),
      [true, false],
    );
    assert.ok(isolation.isInvolved(later));
    isolation.clear(later);
    assert.ok(!isolation.isInvolved(later));
    assert.deepEqual(heard, ["wanted"]);
  });

  it("may have new requests in two workers of others at a time, less those that have crashed of it, and in any number where nobody else is", () => {
    const { isolation, request } = open();
    const first = request("mallory");
    assert.equal(isolation.mostWorkers(first), Number.POSITIVE_INFINITY);
    const other = request("other");
    assert.equal(isolation.mostWorkers(first), 2);
    isolation.crashed([first]);
    assert.equal(isolation.mostWorkers(first), 1);
    assert.equal(isolation.mostWorkers(other), 2);
    isolation.crashed([request("mallory")]);
    assert.equal(isolation.mostWorkers(first), 1, "where there is no worker apart, one after another");
  });

  it("is isolated with that request alone where the second crash was another sender's", () => {
    const { clock, heard, isolation, request } = open();
    const [suspect, later, other] = [request("carol"), request("carol"), request("david")];
    isolation.crashed([suspect]);
    assert.ok(!isolation.isIsolated({ ...suspect, deaths: 1 }));
    isolation.crashed([other]);
    assert.deepEqual(heard, ["wanted"]);
    assert.ok(isolation.isIsolated({ ...suspect, deaths: 1 }));
    assert.ok(!isolation.isIsolated(later));
    isolation.clear(suspect);
    assert.deepEqual(heard, ["wanted", "freed", "over"]);
    assert.ok(!isolation.isIsolated({ ...other, deaths: 1 }));
    clock.advance(1_000_000);
    assert.ok(!isolation.isInvolved(other), "after ten minutes");
  });

  it("is not isolated while nobody else uses the service: there is nobody to protect", () => {
    const { clock, heard, isolation, request } = open();
    request("other");
    clock.advance(700_000);
    const killer = request("mallory");
    isolation.crashed([killer]);
    isolation.crashed([killer]);
    assert.ok(!isolation.isIsolated(killer));
    assert.deepEqual(heard, []);
    request("other");
    assert.ok(isolation.isIsolated(killer));
  });
});
