import { environmentName, type Setting } from "./setting.ts";
import { keyInGroup, settingGroups } from "./setting-groups.ts";

const INTRODUCTION = `# Configuration

<!-- Generated from config/src/settings.ts by \`pnpm docs:generate\`; do not edit. -->

Every setting can be given in four places. The first that has it wins:

1. a flag, such as \`--slots 4\`
2. an environment variable, such as \`DROVER_SLOTS=4\`
3. a file, given by \`--config FILE\` or \`DROVER_CONFIG\`; else \`drover.yaml\` in the working folder, if there is one
4. the default

\`drover check\` reads all four, says everything that is wrong (file, line, key, what is allowed) and starts nothing.
[\`drover.example.yaml\`](../config/files/drover.example.yaml) has every setting with its default, and
[\`drover.schema.json\`](../config/files/drover.schema.json) lets an editor complete and check the file:

\`\`\`yaml
# yaml-language-server: $schema=./drover.schema.json
model: /srv/models/model.gguf
workers:
  count: 2
  slots: 8
\`\`\`

Durations are written as \`500ms\`, \`10s\`, \`5m\`, \`1.5h\`; a bare number is milliseconds. Sizes are written as \`512KiB\`, \`10MiB\`, \`2GiB\`
(\`k\`, \`M\`, \`G\` mean the same powers of 1024); a bare number is bytes. A list is a YAML list, or one text with commas; a flag may be repeated.

What a reload (\`drover reload\`, SIGHUP) does with a changed value: **live** takes effect at once; **roll** replaces the workers one
by one while requests go on; **restart** needs a restart of Drover, and the reload says so.
`;

/** The text of `docs/configuration.md`. */
export function renderDocs(): string {
  const sections = settingGroups().map(({ name, settings }) => {
    const heading = name === "" ? "## Top of the file" : `## \`${name}\``;
    return `${heading}\n\n${settings.map((setting) => renderSetting(setting)).join("\n")}`;
  });
  return `${INTRODUCTION}\n${sections.join("\n")}`;
}

function renderSetting(setting: Setting): string {
  const unit = setting.unit ?? setting.schema.unit;
  const flag = setting.flag === undefined ? [] : [`\`--${setting.flag}\``];
  const alias = setting.alias === undefined ? [] : [`\`-${setting.alias}\``];
  const facts = [
    [...alias, ...flag, `\`${environmentName(setting)}\``].join(", "),
    `default: ${renderDefault(setting)}`,
    ...(unit === undefined ? [] : [`unit: ${unit}`]),
    `on reload: ${setting.reload}`,
  ];
  return `### \`${keyInGroup(setting)}\`\n\n${setting.doc}\n\n${facts.map((fact) => `- ${fact}\n`).join("")}`;
}

function renderDefault(setting: Setting): string {
  if (setting.default === undefined || (typeof setting.default === "object" && setting.default.length === 0))
    return "none";
  return `\`${String(setting.default)}\``;
}
