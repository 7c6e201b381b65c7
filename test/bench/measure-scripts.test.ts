import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { execa } from "execa";
import { Pasture } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { commandOf, environmentOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

const measure = join(dirname(createRequire(import.meta.url).resolve("@drover/bench")), "measure");
const script = (name: string) => join(measure, name);

describe("the measuring scripts", () => {
  const pasture = new Pasture();
  const model = join(pasture.folder, "tiny.gguf");
  const environment = { TMPDIR: pasture.folder, PASTURE_OF_TEST: pasture.folder };

  before(() => writeSyntheticModel("tiny", model, "q4_0"));
  after(() => pasture.close());

  it(
    "measure the model of --model with an empty cache of their own, and leave nothing when they are killed",
    needs("setpriv"),
    async () => {
      const words = [script("all.js"), "snapshots", "--quick", "--model", model];
      const all = execa(process.execPath, words, { env: environment, reject: false });
      const drover = await running(pasture, (command) => command.includes("up") && command.join(" ").includes(model));
      const cache = /^XDG_CACHE_HOME=(.*)$/m.exec(environmentOf(drover).join("\n"))?.[1] ?? "";
      assert.ok(cache.startsWith(join(pasture.folder, "drover-measure-")), cache);
      assert.ok(existsSync(cache));
      all.kill("SIGTERM");
      const { exitCode, stdout } = await all;
      assert.equal(exitCode, 143);
      assert.match(stdout, /=== node packages\/bench\/dist\/measure\/snapshots\.js --quick --model/);
      await pasture.empty();
      assert.ok(!existsSync(cache));
    },
  );

  it("print medians with their spread", async () => {
    const code = `import { spread } from "${script("support/spread.js")}"; console.log(spread([3, 1, 2], 1), spread([7]));`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", code]);
    assert.equal(stdout, "2.0 (1.0 to 3.0) 7");
  });

  it("refuse a word that they do not know", async () => {
    const { stderr, exitCode } = await execa(process.execPath, [script("all.js"), "--fast"], { reject: false });
    assert.equal(exitCode, 2);
    assert.match(stderr, /--quick, --model FILE/);
  });
});

/** The first process of the pasture whose command line is as wanted. */
async function running(pasture: Pasture, isIt: (words: readonly string[]) => boolean): Promise<number> {
  const found = () => pasture.left().find((pid) => isIt(commandOf(pid)));
  await until(() => found() !== undefined, "the process runs");
  return found() ?? assert.fail("it ended at once");
}
