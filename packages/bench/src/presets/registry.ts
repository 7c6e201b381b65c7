import { nearest } from "@drover/config";
import { BenchError } from "../errors.ts";
import { ask } from "./ask.ts";
import { chat } from "./chat.ts";
import { code } from "./code.ts";
import { mixed } from "./mixed.ts";
import type { Preset } from "./preset.ts";
import { rag } from "./rag.ts";
import { sharedSystem } from "./shared-system.ts";
import { smallTeam } from "./small-team.ts";

const presets = [smallTeam, ask, chat, rag, mixed, code, sharedSystem] as const;

/** Names for --preset, with what each is. */
export const presetNames: readonly string[] = presets.map((preset) => preset.name);

/** @throws BenchError `bad_option` where there is no such preset. */
export function findPreset(name: string): Preset {
  const found = presets.find((preset) => preset.name === name);
  if (found !== undefined) return found;
  const guess = nearest(name, presetNames);
  const hint = guess === undefined ? "" : ` (did you mean ${guess}?)`;
  throw new BenchError("bad_option", `there is no preset "${name}"${hint}; there are ${presetNames.join(", ")}`);
}
