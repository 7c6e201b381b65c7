import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, describe, it } from "node:test";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";
import { nextPorts } from "../support/ports.ts";

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
