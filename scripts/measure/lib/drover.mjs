// What the measuring scripts share: the drover command, and the synthetic model that they measure with.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const models = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "drover", "models");
// Workers keep what they measured about their steps. A table from a busy moment would spoil these figures, so each script
// begins with an empty cache.
const cache = mkdtempSync(join(tmpdir(), "drover-measure-"));
process.env.XDG_CACHE_HOME = cache;
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

export const bin = fileURLToPath(new URL("../../../packages/supervisor/bin/drover.js", import.meta.url));

/** Runs `drover WORDS`, printing the command first; answers its standard output where `capture`. Ends this process where it fails. */
export function drover(words, { capture = false } = {}) {
  console.log(`$ drover ${words.map((word) => (/[\s<>]/.test(word) ? `'${word}'` : word)).join(" ")}`);
  const run = spawnSync(process.execPath, [bin, ...words], {
    stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
  return capture ? run.stdout.toString() : "";
}

/** Path of the 1.5B-shaped synthetic model, made at the first call. @param quantization q4_0 or q4_k_m */
export function bigModel(quantization = "q4_0") {
  const preset = "deepseek-r1-distill-qwen-1.5b";
  const path = join(models, `${preset}.${quantization}.gguf`);
  if (!existsSync(path)) drover(["model", "synth", preset, path, "--quant", quantization]);
  return path;
}

/** `--quick` shortens a script for a look at its shape; its figures are not for a report. */
export const quick = process.argv.includes("--quick");

/** Folder for HTML pages: the second word after `--out`, else none are written. */
export function pageWords(name) {
  const at = process.argv.indexOf("--out");
  return at < 0 ? [] : ["--html", join(process.argv[at + 1] ?? ".", `${name}.html`)];
}
