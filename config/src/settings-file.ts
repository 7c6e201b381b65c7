import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from "yaml";
import type { ConfigProblem } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { settingsTable } from "./settings.ts";

/** A value of the file, with the line it stands in. */
export interface FileValue {
  readonly value: unknown;
  readonly line: number;
}

export interface SettingsFile {
  /** By path. */
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly ConfigProblem[];
}

/** Reads the text of a `drover.yaml` (JSON is YAML too). `name` is how problems name the file. Values are not checked yet. */
export function parseSettingsFile(text: string, name: string): SettingsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const values = new Map<string, FileValue>();
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    where: `${name}:${lines.linePos(error.pos[0]).line}`,
    path: "",
    message: `not valid YAML: ${error.message}`,
  }));
  const root = document.contents;
  if (problems.length > 0 || root === null) return { values, problems };
  if (!isMap(root)) {
    return { values, problems: [{ where: `${name}:1`, path: "", message: "expected settings such as `model: demo`" }] };
  }
  collect(root, "", { name, lines, values, problems });
  return { values, problems };
}

interface Collector {
  readonly name: string;
  readonly lines: LineCounter;
  readonly values: Map<string, FileValue>;
  readonly problems: ConfigProblem[];
}

const paths = settingsTable.map((row) => row.path);
const groups = new Set(
  paths.flatMap((path) => path.split(".").map((_, depth, parts) => parts.slice(0, depth).join("."))),
);

function collect(map: YAMLMap, prefix: string, into: Collector): void {
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    const line = into.lines.linePos(offset ?? 0).line;
    const where = `${into.name}:${line}`;
    if ((paths as readonly string[]).includes(path)) {
      const value = pair.value as { toJSON?: () => unknown } | null;
      into.values.set(path, { value: value?.toJSON?.() ?? null, line });
    } else if (groups.has(path) && isMap(pair.value)) {
      collect(pair.value, path, into);
    } else if (groups.has(path)) {
      const inside = childrenOf(path).map((child) => child.slice(path.length + 1));
      into.problems.push({ where, path, message: `"${path}" is a group of settings: ${inside.join(", ")}` });
    } else {
      into.problems.push({ where, path, message: unknownKey(path, prefix) });
    }
  }
}

function childrenOf(group: string): readonly string[] {
  return paths.filter((path) => path.startsWith(`${group}.`));
}

function unknownKey(path: string, prefix: string): string {
  const guess =
    nearest(
      path,
      [...paths, ...groups].filter((known) => known !== ""),
    ) ?? sameLeaf(path);
  const siblings = prefix === "" ? topLevel() : childrenOf(prefix).map((child) => child.slice(prefix.length + 1));
  const hint = guess === undefined ? `known here: ${siblings.join(", ")}` : `did you mean "${guess}"?`;
  return `unknown key "${path}"; ${hint}`;
}

function sameLeaf(path: string): string | undefined {
  const leaf = path.slice(path.lastIndexOf(".") + 1);
  return settingsTable.find((row) => row.path.endsWith(`.${leaf}`) || ("flag" in row && row.flag === leaf))?.path;
}

function topLevel(): readonly string[] {
  return [...new Set(paths.map((path) => path.split(".")[0] ?? path))];
}
