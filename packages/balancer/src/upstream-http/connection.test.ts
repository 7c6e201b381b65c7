import assert from "node:assert/strict";
import type net from "node:net";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import { eventually } from "../test-support/eventually.ts";
import { standStill } from "../test-support/standstill.ts";
import { rawUpstream } from "../test-support/upstream-server.ts";
import { UpstreamConnection } from "./connection.ts";

describe("a connection to an upstream", () => {
  it("calls nobody silent whose bytes came while this process stood still, and whoever sends nothing", async (t) => {
    const accepted: net.Socket[] = [];
    const server = await rawUpstream((socket) => accepted.push(socket));
    t.after(() => server.close());
    const upstreams = [{ id: "a", origin: server.origin }];
    const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock: systemClock, random: () => 0 });
    const upstream = pool.members.get("a");
    assert.ok(upstream !== undefined);
    const connection = new UpstreamConnection(upstream, 0, true);
    t.after(() => connection.destroy());
    const heard: string[] = [];
    connection.use({
      onConnected: () => undefined,
      onBytes: (bytes) => {
        connection.limit(10);
        heard.push(bytes.toString());
      },
      onEnd: () => heard.push("end"),
      onError: (error) => heard.push(error.message),
      onSilence: () => heard.push("silence"),
      onDrained: () => undefined,
    });
    await eventually("it is connected", () => connection.connected && accepted.length === 1);
    connection.limit(10);
    accepted[0]?.write("bytes");
    standStill(50);
    await eventually("it falls silent", () => heard.includes("silence"));
    assert.deepEqual(heard, ["bytes", "silence"]);
  });
});
