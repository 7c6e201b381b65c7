import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import net from "node:net";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { UpstreamPool } from "../pool/upstream-pool.ts";
import { rawUpstream } from "../test-support/upstream-server.ts";
import { forwardUpgrade } from "./upgrade.ts";

describe("an upgrade", () => {
  it("gives its place back where the client left while the upstream was connected to", async () => {
    const upstream = await rawUpstream(() => undefined);
    const upstreams = [{ id: "a", origin: upstream.origin }];
    const pool = new UpstreamPool({ policy: "least_conn", upstreams, clock: systemClock, random: () => 0 });
    const socket = new net.Socket();
    const outcome = forwardUpgrade({
      request: new IncomingMessage(socket),
      socket,
      head: Buffer.alloc(0),
      target: "/",
      headers: ["connection", "Upgrade", "upgrade", "websocket"],
      pick: pool.startPick(),
      acquire: (pick) => pool.acquire(pick),
      retry: { words: new Set(), tries: 0, timeoutMs: 0 },
      connectTimeoutMs: 60_000,
      clock: systemClock,
      verifyTls: true,
    });
    // No connection is there before the loop has turned.
    await Promise.resolve();
    assert.equal(pool.active, 1);
    socket.destroy();
    assert.deepEqual(await outcome, { kind: "client-gone" });
    assert.equal(pool.active, 0);
    await upstream.close();
  });
});
