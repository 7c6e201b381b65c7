import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { type AdminActions, createAdminServer } from "./admin-server.ts";

const CALL = "GET /keys HTTP/1.1\r\nHost: x\r\n\r\n";

describe("the admin server", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-admin-"));
  const path = join(folder, "drover.sock");
  let calls = 0;
  const keys: AdminActions["keys"] = () => {
    calls += 1;
    return [];
  };
  const server = createAdminServer({ keys } as AdminActions);

  before(() => once(server.listen(path), "listening"));
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves one call of a connection, and none that is sent behind it", async () => {
    const before = calls;
    const socket = connect(path);
    socket.write(CALL.repeat(1000));
    await text(socket).catch(() => "reset");
    assert.equal(calls, before + 1);
  });

  it("has 64 connections at a time, and serves again once some have left", async () => {
    const idle = Array.from({ length: 64 }, () => connect(path));
    await Promise.all(idle.map((socket) => once(socket, "connect")));
    assert.equal(await call(), "");
    const [one, ...others] = idle as [Socket, ...Socket[]];
    one.end(CALL);
    assert.match(await text(one), /^HTTP\/1\.1 200 /);
    // The server may notice a moment later than its client that the connection is closed.
    while (!(await call()).startsWith("HTTP/1.1 200 "));
    for (const socket of others) socket.destroy();
  });

  /** Empty where the connection was closed at once. */
  async function call(): Promise<string> {
    const socket = connect(path);
    socket.write(CALL);
    return await text(socket).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") return "";
      throw error;
    });
  }
});
