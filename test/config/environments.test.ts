import assert from "node:assert/strict";
import { chmodSync, chownSync, lchownSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { execa } from "execa";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { nextPorts } from "../support/ports.ts";
import { until } from "../support/until.ts";

describe("the command line, wherever it runs", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  for (const locale of ["zh_CN.UTF-8", "de_DE.UTF-8", "C"]) {
    it(`speaks one language under LC_ALL=${locale}, and knows its own complaints`, async () => {
      const environment = { LC_ALL: locale, LANG: locale, LANGUAGE: locale };
      const help = await pasture.run(["status", "--help"], environment);
      assert.match(help.stdout, /^drover status\n[^]*Options:[^]*Show help/m);
      const unknown = await pasture.run(["status", "--wacth"], environment);
      assert.deepEqual([unknown.code, /did you mean --watch\?/.test(unknown.stderr)], [2, true]);
    });
  }

  const isRoot = process.geteuid?.() === 0;
  it("obeys no drover.yaml of the working folder that others may have written, unless it is named", async () => {
    const file = join(pasture.folder, "drover.yaml");
    writeFileSync(file, "workers:\n  command: touch owned\n");
    const distrusts = async (reason: RegExp) => {
      const { code, stderr } = await pasture.run(["check"]);
      assert.equal(code, 2);
      assert.match(stderr, reason);
    };
    chmodSync(file, 0o666);
    await distrusts(/^drover: .*drover\.yaml: can be written to by everybody and is not read by itself/);
    assert.equal((await pasture.run(["check", "--config", "drover.yaml"])).code, 0);
    chmodSync(file, 0o644);
    assert.equal((await pasture.run(["check"])).code, 0);
    chmodSync(pasture.folder, 0o777);
    await distrusts(/drover\.yaml: can be replaced by everybody/);
    chmodSync(pasture.folder, 0o1777);
    assert.equal((await pasture.run(["check"])).code, 0);
    if (isRoot) {
      chownSync(file, 54_321, 54_321);
      await distrusts(/drover\.yaml: belongs to another user \(54321\)/);
      chownSync(file, 0, 0);
      renameSync(file, join(pasture.folder, "mine.yaml"));
      symlinkSync("mine.yaml", file);
      assert.equal((await pasture.run(["check"])).code, 0);
      lchownSync(file, 54_321, 54_321);
      await distrusts(/drover\.yaml: belongs to another user \(54321\)/);
    }
    rmSync(file);
    chmodSync(pasture.folder, 0o755);
  });

  const asRoot = { ...needs("setpriv"), ...(isRoot ? {} : { skip: "needs root" }) };
  const nobody = 54_321;
  const asNobody = (words: readonly string[], env: Readonly<Record<string, string>>) =>
    execa(
      "setpriv",
      ["--reuid", `${nobody}`, "--regid", `${nobody}`, "--clear-groups", process.execPath, DROVER_BIN, ...words],
      { cwd: "/", env, extendEnv: false, reject: false },
    );

  it("needs no entry in passwd and no home", asRoot, async () => {
    const result = await asNobody(["status"], {});
    assert.equal(result.exitCode, 1, result.stderr);
    assert.match(result.stderr, /^drover: no drover is running/);
  });

  // The second is what Docker gives a user that its image does not know.
  for (const [what, env] of [
    ["no home", {}],
    ["a home that nothing can be written to", { HOME: "/" }],
  ] as const) {
    it(`serves for a user without an entry in passwd and with ${what}`, asRoot, async () => {
      const TMPDIR = mkdtempSync(join(tmpdir(), "drover-nobody-"));
      chownSync(TMPDIR, nobody, nobody);
      const ports = ["--listen", "127.0.0.1:0", "--worker-port", String(nextPorts(5))];
      const drover = asNobody(["up", "--workers", "1", "--threads", "1", ...ports], { ...env, TMPDIR });
      let said = "";
      drover.stdout.on("data", (bytes: Buffer) => (said += String(bytes)));
      await until(() => said.includes("loading -> ready") || drover.exitCode !== null, "it is ready, or has ended");
      drover.kill("SIGTERM");
      const { exitCode, stderr } = await drover;
      rmSync(TMPDIR, { recursive: true });
      assert.deepEqual([exitCode, said.includes("loading -> ready")], [0, true], said + stderr);
    });
  }
});
