import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { modelCacheDir } from "@drover/models";
import { model, out, quick } from "./options.ts";
import { run, type RunOptions, scratch } from "./session.ts";

const models = modelCacheDir(process.env, homedir());
// Workers keep what they measured about their steps. A table from a busy moment would spoil these figures, so each script
// begins with an empty cache.
process.env["XDG_CACHE_HOME"] = scratch;

/** The script of the `drover` command. */
export const bin = fileURLToPath(new URL("../../../../cli/bin/drover.js", import.meta.url));

/** Runs `drover WORDS`, printing the command first. Ends this process where it fails. @returns its standard output where `capture` */
export async function drover(args: readonly string[], options?: RunOptions): Promise<string> {
  const title = `$ drover ${args.map((word) => (/[\s<>]/.test(word) ? `'${word}'` : word)).join(" ")}`;
  const { code, stdout } = await run(title, process.execPath, [bin, ...args], options);
  // An interrupted measurement prints what there is.
  const isInterrupted = (code === 130 || code === 143) && stdout !== "";
  if (code !== 0 && !isInterrupted) process.exit(code);
  return stdout;
}

/** The file of `--model`; for a quick look the demo; otherwise a synthetic model with the shapes of one of 1.5B, made at the first call. */
export async function modelPath(): Promise<string> {
  if (model !== undefined || quick) return model ?? "demo";
  const path = join(models, `${SHAPES}.q4_0.gguf`);
  if (!existsSync(path)) await drover(["model", "synth", SHAPES, path, "--quant", "q4_0"]);
  return path;
}

const SHAPES = "deepseek-r1-distill-qwen-1.5b";

/** Arguments that write an HTML page of that name where `--out FOLDER` was given. */
export function pageArgs(name: string): readonly string[] {
  return out === undefined ? [] : ["--html", join(out, `${name}.html`)];
}
