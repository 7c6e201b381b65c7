import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { execa } from "execa";
import { needs } from "../support/needs.ts";

const drover = new URL("../../../node_modules/.bin/drover", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "drover-units-"));
after(() => rmSync(folder, { recursive: true }));

describe("drover service install", () => {
  for (const scope of ["system", "user"] as const) {
    it(`writes ${scope} units in which systemd finds nothing to complain of`, needs("systemd-analyze"), async () => {
      const units = await installed(scope);
      const { exitCode, all } = await execa(
        "systemd-analyze",
        ["verify", `--${scope}`, "--recursive-errors=yes", "--man=no", ...units],
        { all: true, reject: false, env: { XDG_RUNTIME_DIR: folder } },
      );
      assert.deepEqual([exitCode, all], [0, ""]);
    });
  }

  it("hardens the system service to an exposure under 4.0", needs("systemd-analyze"), async () => {
    const [unit = ""] = await installed("system");
    const { exitCode, stdout } = await execa(
      "systemd-analyze",
      ["security", "--offline=yes", "--threshold=40", "--no-pager", unit],
      { reject: false },
    );
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /Overall exposure level for drover\.service: [0-3]\.\d/);
  });

  it("writes the files into the user's folder, again over its own, and never over another's", async () => {
    const home = join(folder, "home");
    const install = () =>
      execa(drover, ["service", "install", "--user"], { env: { XDG_CONFIG_HOME: home }, reject: false });
    const units = join(home, "systemd/user");
    for (const time of ["first", "second"]) {
      const { exitCode, stdout } = await install();
      assert.equal(exitCode, 0, time);
      assert.match(stdout, /systemctl --user enable --now drover\.socket drover\.service/);
    }
    assert.deepEqual(readdirSync(units).toSorted(), ["drover.service", "drover.socket"]);
    const printed = await execa(drover, ["service", "print", "--user"]);
    assert.ok(printed.stdout.includes(readFileSync(join(units, "drover.service"), "utf8").trim()));

    writeFileSync(join(units, "drover.service"), "[Service]\nExecStart=/bin/true\n");
    const refused = await install();
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /drover\.service was not written by Drover and is left alone/);
    assert.match(readFileSync(join(units, "drover.service"), "utf8"), /bin\/true/);
  });

  it("names the variables that it sees and the service will not", async () => {
    const { stderr } = await execa(drover, ["service", "install", "--print"], { env: { DROVER_SLOTS: "4" } });
    assert.match(
      stderr,
      /DROVER_SLOTS is set here, but the service will not have it: put "workers\.slots" in its file/,
    );
  });
});

/** Writes what the command prints, as an administrator would, and yields the paths. */
async function installed(scope: "system" | "user"): Promise<readonly string[]> {
  const { stdout } = await execa(drover, ["service", "install", "--print", ...(scope === "user" ? ["--user"] : [])]);
  mkdirSync(join(folder, scope), { recursive: true });
  return stdout
    .split("# --- ")
    .slice(1)
    .map((part) => {
      const name = part.slice(0, part.indexOf("\n"));
      const path = join(folder, scope, name);
      writeFileSync(path, part.slice(part.indexOf("\n") + 1));
      return path;
    });
}
