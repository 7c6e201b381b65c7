import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { execa } from "execa";
import { readForConsole } from "../support/console-report.ts";
import { COMMAND_LIMIT_MS } from "../support/until.ts";

const bin = createRequire(import.meta.url).resolve("@drover/cli/bin/drover.js");
const folder = mkdtempSync(join(tmpdir(), "drover-tune-test-"));
after(() => rmSync(folder, { recursive: true }));
const tune = (...words: string[]) =>
  execa(process.execPath, [bin, "tune", ...words], {
    reject: false,
    timeout: COMMAND_LIMIT_MS,
    cwd: folder,
    env: { DROVER_API_KEY: "team=a-key-of-the-team", XDG_CACHE_HOME: join(folder, "cache") },
  });

/** A search that is interrupted once its first layout has been measured. */
const interrupted = async (...words: string[]) => {
  const load = ["--users", "1", "--warmup", "0", "--duration", "300ms", "--max-tokens", "4", "--out", "partial.yaml"];
  const running = tune(...load, ...words);
  running.stderr.on("data", (text: Buffer) => {
    if (/tokens\/s/.test(text.toString())) running.kill("SIGINT");
  });
  return await running;
};

describe("drover tune", () => {
  it("writes settings that Drover reads, with what was measured where keys are set, and keeps a file that is there", async () => {
    const load = ["--users", "2", "--warmup", "0", "--duration", "300ms", "--max-tokens", "8", "--for", "5s"];
    const { exitCode, stdout, stderr } = await tune(...load, "--html", "tune.html");
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /Best here: \d+ x \d+ threads x \d+ slots/);
    const file = join(folder, "drover.yaml");
    assert.match(readFileSync(file, "utf8"), /^# Written by drover tune/);
    const { settings } = loadSettings({ flags: {}, environment: {}, file });
    assert.equal(settings.model, "demo");
    assert.equal(typeof settings.workers.count, "number");
    const html = readFileSync(join(folder, "tune.html"), "utf8");
    assert.match(html, /tokens\/s of each configuration/);
    const shown = await readForConsole(html);
    assert.match(shown?.verdicts[0] ?? "", /^Best here: /);
    assert.deepEqual(shown?.tables[0]?.rows.filter(([mark]) => mark === "✓").length, 1);
    const again = await tune(...load);
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /drover\.yaml is there already/);
  });

  it("measures a model that was fetched before itself, not its synthetic twin", async () => {
    const models = join(folder, "cache", "drover", "models");
    mkdirSync(models, { recursive: true });
    // Which file it is can be seen from what is wrong with it, in a second.
    writeFileSync(join(models, "hf_org_qwen2.5-0.5b-GGUF_m-q4_0.gguf"), "no model");
    const { exitCode, stderr } = await tune("--model", "hf:org/qwen2.5-0.5b-GGUF/m-q4_0.gguf", "--out", "fetched.yaml");
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /hf_org_qwen2\.5-0\.5b-GGUF_m-q4_0\.gguf/);
    assert.doesNotMatch(stderr, /twin/);
  });

  it("writes no settings where it is interrupted, and the best so far where that is asked for", async () => {
    const kept = await interrupted();
    assert.equal(kept.exitCode, 1, kept.stderr);
    assert.match(kept.stderr, /partial\.yaml was not written; --partial writes the best so far/);
    assert.match(kept.stdout, /configuration/, "what was measured is printed");
    assert.equal(existsSync(join(folder, "partial.yaml")), false);
    const written = await interrupted("--partial");
    assert.equal(written.exitCode, 0, written.stderr);
    assert.match(readFileSync(join(folder, "partial.yaml"), "utf8"), /^# Written by drover tune/);
  });

  it("refuses a model that is neither there nor known by its shapes, before anything is started", async () => {
    const { exitCode, stderr } = await tune("--model", "/no/such.gguf", "--out", "other.yaml");
    assert.equal(exitCode, 2);
    assert.match(stderr, /no synthetic twin of it is known/);
  });
});
