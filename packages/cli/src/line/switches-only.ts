import type { Command } from "./command.ts";

/**
 * What the words behind a command say where they are none but switches of its own: `status`, `status --json`. Undefined: they need the
 * parser, as a missing argument does.
 */
export function switchesOnly(
  usage: string,
  { flags = {}, subcommands }: Command,
  words: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const all = Object.entries(flags);
  if (subcommands !== undefined || usage.includes("<")) return undefined;
  const switches = new Set(all.filter(([, flag]) => flag.type === "switch").map(([name]) => `--${name}`));
  if (!words.every((word) => switches.has(word))) return undefined;
  const defaults = all.flatMap(([name, flag]) => (flag.default === undefined ? [] : [[name, flag.default]]));
  return Object.fromEntries([...defaults, ...words.map((word) => [word.slice(2), true])]);
}
