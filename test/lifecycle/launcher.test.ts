import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";
import { freePort, nextPorts } from "../support/ports.ts";
import { until } from "../support/until.ts";

describe("a drover that was started in a terminal", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  const admin = `--admin-socket ${pasture.folder}/drover.sock`;
  const up = `up --listen 127.0.0.1:0 --worker-port ${nextPorts(5)} --workers 1 --worker-command '${fakeCommand()}'`;
  const balance = "balance --listen 127.0.0.1:0 --upstream http://127.0.0.1:9";
  const byNginx = `balance --nginx-conf ${pasture.folder}/nginx.conf`;
  before(async () => {
    const server = `server { listen 127.0.0.1:${await freePort()}; location / { proxy_pass http://127.0.0.1:9; } }`;
    writeFileSync(join(pasture.folder, "nginx.conf"), server);
  });
  for (const [name, command] of Object.entries({ up, balance, "balance --nginx-conf": byNginx })) {
    it(`ends when that is closed, though a reload has the same signal: ${name}`, needs("script"), async () => {
      const line = `${process.execPath} ${DROVER_BIN} ${command} ${admin}`;
      const terminal = spawn("script", ["-qec", line, "/dev/null"], {
        cwd: pasture.folder,
        stdio: "ignore",
        env: { ...process.env, XDG_RUNTIME_DIR: pasture.folder, PASTURE_OF_TEST: pasture.folder },
      });
      const phase = () =>
        pasture.admin<{ service: { phase: string } }>("GET", "/status").then((it) => it.service.phase);
      await until(async () => (await phase().catch(() => "")) === "serving", "it serves");
      terminal.kill("SIGKILL");
      await pasture.empty();
    });
  }
});

describe("a drover that was started by pnpm start", needs("setpriv"), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("ends with the program that was killed above it, which hands no signal on", async () => {
    const words = ["up", "--listen", "127.0.0.1:0", "--worker-port", String(nextPorts(5)), "--workers", "1"];
    // As npx does: a shell below it, and the service below that.
    const launcher = spawn(
      "bash",
      ["-c", '"$@"; exit $?', "npx", process.execPath, DROVER_BIN, ...words, "--worker-command", fakeCommand()],
      {
        cwd: pasture.folder,
        stdio: "ignore",
        env: {
          ...process.env,
          npm_lifecycle_event: "start",
          XDG_RUNTIME_DIR: pasture.folder,
          PASTURE_OF_TEST: pasture.folder,
        },
      },
    );
    await pasture.serving();
    launcher.kill("SIGTERM");
    await pasture.empty();
    assert.ok(launcher.signalCode !== null || launcher.exitCode !== null);
  });
});
