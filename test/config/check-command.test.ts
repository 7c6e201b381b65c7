import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { execa } from "execa";

const drover = new URL("../../../node_modules/.bin/drover", import.meta.url).pathname;
const MISSPELT = "drover: DROVER_SLTOS: no setting has this environment variable; did you mean DROVER_SLOTS?";

describe("drover check", () => {
  it("names a misspelt variable and its nearest, and passes", async () => {
    const { exitCode, stderr } = await check();
    assert.deepEqual([exitCode, stderr], [0, MISSPELT]);
  });

  it("fails for it under --strict", async () => {
    const { exitCode, stderr } = await check("--strict");
    assert.equal(exitCode, 2);
    assert.match(stderr, /DROVER_SLTOS: no setting has this environment variable/);
  });

  it("refuses what up and balance would refuse at their start", async () => {
    for (const flags of [
      ["--upstream", "http://127.0.0.1:1/v1"],
      ["--upstream", "http://127.0.0.1:1 weight=0"],
      ["--api-keys-file", "/nowhere"],
      ["--api-key", "abc"],
      ["--tls-certificate", "/nowhere"],
      ["--trusted-proxy", "somewhere"],
    ]) {
      const { exitCode, stderr } = await check(...flags);
      assert.equal(exitCode, 2, `${flags.join(" ")}: ${stderr}`);
    }
  });

  it("takes the last of a flag that is given twice", async () => {
    const { stdout } = await check("--json", "--slots", "2", "--slots", "4");
    const { settings } = JSON.parse(stdout) as { readonly settings: { readonly workers: { readonly slots: number } } };
    assert.equal(settings.workers.slots, 4);
  });

  for (const [what, flags, reason] of [
    ["a model that is not there", ["--model", "no-such.gguf"], /no-such\.gguf does not exist/],
    ["a file of keys that is not there", ["--api-keys-file", "no-such-keys"], /no-such-keys/],
    ["a certificate that is not there", ["--tls-certificate", "no.pem", "--tls-key", "no.pem"], /no\.pem/],
    ["an upstream that is no address", ["--upstream", "ftp://127.0.0.1:1"], /ftp:/],
    ["more workers than memory holds", ["--workers", "1000", "--ctx", "8192", "--slots", "512"], /not fit into memory/],
    ["more snapshots than there is shared memory", ["--snapshots", "900GiB"], /--snapshots/],
  ] as const) {
    it(`refuses ${what}, in the words of drover up`, async () => {
      const checked = await check(...flags);
      const started = await execa(drover, ["up", "--listen", "127.0.0.1:0", ...flags], { reject: false });
      assert.match(checked.stderr, reason);
      assert.equal(checked.exitCode, 2);
      assert.deepEqual([started.exitCode, wordsOf(started.stderr)], [2, wordsOf(checked.stderr)]);
    });
  }
});

/** How much memory is free changes from one to the other. */
function wordsOf(text: string): string {
  return text.replace(`${MISSPELT}\n`, "").replaceAll(/[\d.]+/g, "N");
}

function check(...flags: readonly string[]) {
  return execa(drover, ["check", ...flags], { env: { DROVER_SLTOS: "3" }, reject: false });
}
