// What the scripts that measure drover itself share: its command, and the model that they measure with.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { model, out } from "./options.mjs";
import { run, scratch } from "./session.mjs";

const models = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "drover", "models");
// Workers keep what they measured about their steps. A table from a busy moment would spoil these figures, so each script
// begins with an empty cache.
process.env.XDG_CACHE_HOME = scratch;

export const bin = fileURLToPath(new URL("../../../packages/cli/bin/drover.js", import.meta.url));

/** Runs `drover WORDS`, printing the command first; answers its standard output where `capture`. Ends this process where it fails. */
export async function drover(words, options) {
  const title = `$ drover ${words.map((word) => (/[\s<>]/.test(word) ? `'${word}'` : word)).join(" ")}`;
  const { code, stdout } = await run(title, process.execPath, [bin, ...words], options);
  // An interrupted measurement prints what there is.
  const isInterrupted = (code === 130 || code === 143) && stdout !== "";
  if (code !== 0 && !isInterrupted) process.exit(code);
  return stdout;
}

/** The file of `--model`, or the 1.5B-shaped synthetic model in Q4_0, made at the first call. */
export async function modelPath() {
  if (model !== undefined) return model;
  const preset = "deepseek-r1-distill-qwen-1.5b";
  const path = join(models, `${preset}.q4_0.gguf`);
  if (!existsSync(path)) await drover(["model", "synth", preset, path, "--quant", "q4_0"]);
  return path;
}

/** Words that write an HTML page of that name where `--out FOLDER` was given. */
export function pageWords(name) {
  return out === undefined ? [] : ["--html", join(out, `${name}.html`)];
}
