import { wrap } from "@drover/foundation/texts";
import { stringify } from "yaml";
import type { Setting } from "./setting.ts";
import { keyInGroup, settingGroups } from "./setting-groups.ts";

const LINE_WIDTH = 110;

const HEADER = `# yaml-language-server: $schema=./drover.schema.json
# Every setting of Drover with its default. Keep the lines you change; \`drover check --config FILE\` checks the result.
# Generated from config/src/settings.ts by \`pnpm docs:generate\`; do not edit here.
`;

/** The text of `config/files/drover.example.yaml`. */
export function renderExampleFile(): string {
  const groups = settingGroups().map(({ name, settings }) => {
    const indent = name === "" ? "" : "  ";
    const heading = name === "" ? "" : `${name}:\n`;
    return heading + settings.map((setting) => renderSetting(setting, indent)).join("");
  });
  return `${HEADER}\n${groups.join("\n")}`;
}

function renderSetting(setting: Setting, indent: string): string {
  const comment = wrap(setting.doc, LINE_WIDTH - indent.length, "").map((line) => `${indent}# ${line}\n`);
  const key = keyInGroup(setting);
  const line = setting.default === undefined ? `# ${key}:\n` : stringify({ [key]: setting.default });
  return comment.join("") + line.replaceAll(/^(?=.)/gm, indent);
}
