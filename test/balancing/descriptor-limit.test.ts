import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { freePort } from "../support/ports.ts";
import { DROVER_BIN } from "../support/drover-process.ts";
import { descriptorsOf } from "../support/processes.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { RawClient } from "../support/raw-client.ts";
import { statusOf } from "../support/running-balancer.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const DESCRIPTORS = 256;
const request = "GET /v1/models HTTP/1.1\r\nHost: drover\r\nConnection: close\r\n\r\n";

describe("a balancer out of descriptors (EMFILE)", () => {
  it("lives on, and serves again once clients have left", async () => {
    const upstream = new ScriptedUpstream("a", () => ok("{}"));
    const upstreamPort = await upstream.listen();
    const port = await freePort();
    const words = `balance --listen 127.0.0.1:${port} --upstream http://127.0.0.1:${upstreamPort}`;
    const script = `ulimit -n ${DESCRIPTORS}; exec "$0" "$1" ${words}`;
    const child = spawn("sh", ["-c", script, process.execPath, DROVER_BIN], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.resume();
    try {
      await responses(port);
      const clients = Array.from({ length: 2 * DESCRIPTORS }, () =>
        net.connect(port, "127.0.0.1").on("error", () => {}),
      );
      await Promise.all(
        clients.map((client) => new Promise((resolve) => client.once("connect", resolve).once("close", resolve))),
      );
      await until(() => descriptorsOf(child.pid ?? 0).length >= DESCRIPTORS - 1, "the descriptors run out");
      for (const client of clients) client.destroy();
      assert.equal(await responses(port), 200);
      assert.equal(child.exitCode, null);
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
      await upstream.close();
    }
  });
});

/** Asks until a response comes: while it starts, and while it closes what the clients left. */
async function responses(port: number): Promise<number> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const client = new RawClient(port);
    client.write(request);
    const status = await statusOf(client, "GET"); // 0 where it is refused: not there yet
    client.destroy();
    if (status === 200) return status;
    if (performance.now() > endMs) return status;
  }
}
