import { createRequire } from "node:module";
import { isNestedTooDeep, MOST_YAML_LEVELS } from "@drover/foundation/texts";
import type * as Yaml from "yaml";
import type { Document, LineCounter, YAMLMap } from "yaml";
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
  /** As those of a `ConfigError`. */
  readonly problems: readonly string[];
}

/** What follows a fault in a YAML text is mostly its consequence. */
const MOST_FAULTS = 10;

/** Loaded with the first file: most commands read none, and it takes as long to load as Node to start. */
const loadYaml = () => createRequire(import.meta.url)("yaml") as typeof Yaml;

/** Reads the text of a `drover.yaml` (JSON is YAML too). `name` is how problems name the file. Values are not checked yet. */
export function parseSettingsFile(text: string, name: string): SettingsFile {
  if (isNestedTooDeep(text)) {
    const message = `not valid YAML: it is nested deeper than ${MOST_YAML_LEVELS} levels`;
    return { values: new Map(), problems: [`${name}:1: ${message}`] };
  }
  const { isMap, LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const values = new Map<string, FileValue>();
  const problems = document.errors
    .slice(0, MOST_FAULTS)
    .map(({ pos, message }) => `${name}:${lines.linePos(pos[0]).line}: not valid YAML: ${message}`);
  const root = document.contents;
  if (problems.length > 0 || root === null) return { values, problems };
  if (!isMap(root)) return { values, problems: [`${name}:1: expected settings such as \`model: demo\``] };
  collect(root, "", { name, document, lines, values, problems });
  return { values, problems };
}

interface Collector {
  readonly name: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly values: Map<string, FileValue>;
  readonly problems: string[];
}

const paths: readonly string[] = settingsTable.map((row) => row.path);
const formerPaths = settingsTable.flatMap(({ formerly }) => formerly?.path ?? []);
const groups = new Set(
  paths.flatMap((path) => path.split(".").map((_, depth, parts) => parts.slice(0, depth).join("."))),
);

function collect(map: YAMLMap, prefix: string, into: Collector): void {
  const { isAlias, isMap, isScalar } = loadYaml();
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
    const line = into.lines.linePos(offset ?? 0).line;
    const where = `${into.name}:${line}`;
    const node = isAlias(pair.value) ? pair.value.resolve(into.document) : pair.value;
    if (paths.includes(path) || formerPaths.includes(path)) {
      const value = node as { toJS?: (document: Document) => unknown } | null | undefined;
      into.values.set(path, { value: value?.toJS?.(into.document) ?? null, line });
    } else if (groups.has(path) && isMap(node)) {
      collect(node, path, into);
    } else if (groups.has(path) && isScalar(node) && node.value === null) {
      // A group whose settings are all commented out: nothing is set.
    } else if (groups.has(path)) {
      const inside = childrenOf(path).map((child) => child.slice(path.length + 1));
      into.problems.push(`${where}: "${path}" is a group of settings: ${inside.join(", ")}`);
    } else {
      into.problems.push(`${where}: ${unknownKey(path, prefix)}`);
    }
  }
}

function childrenOf(group: string): readonly string[] {
  return paths.filter((path) => path.startsWith(`${group}.`));
}

function unknownKey(path: string, prefix: string): string {
  const siblings = prefix === "" ? topLevel() : childrenOf(prefix).map((child) => child.slice(prefix.length + 1));
  const leaf = path.slice(path.lastIndexOf(".") + 1);
  const sibling = nearest(leaf, siblings);
  const guess = sibling === undefined ? sameLeaf(leaf) : prefix === "" ? sibling : `${prefix}.${sibling}`;
  const hint = guess === undefined ? `known here: ${siblings.join(", ")}` : `did you mean "${guess}"?`;
  return `unknown key "${path}"; ${hint}`;
}

/** A setting elsewhere with that last part, or with that flag: `slots` for `workers.slots`, `ctx` for `workers.context`. */
function sameLeaf(leaf: string): string | undefined {
  const names = settingsTable.flatMap((row) => [
    { name: row.path.slice(row.path.lastIndexOf(".") + 1), path: row.path },
    ...(row.flag === undefined ? [] : [{ name: row.flag, path: row.path }]),
  ]);
  const known = nearest(
    leaf,
    names.map(({ name }) => name),
  );
  return names.find(({ name }) => name === known)?.path;
}

function topLevel(): readonly string[] {
  return [...new Set(paths.map((path) => path.split(".")[0] ?? path))];
}
