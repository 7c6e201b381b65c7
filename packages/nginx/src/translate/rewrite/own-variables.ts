import { type ConfigPosition, NginxConfigError } from "../../errors.ts";
import type { Directive, Row } from "../../read/parse.ts";
import { compileRegex, type NginxRegex } from "../../model/regex.ts";
import { ServerNames, wildcardNames } from "../../model/server-names.ts";
import { compileTemplate, evaluate, type Template } from "../../model/template.ts";
import { type Getter, keepCaptures } from "../../model/variable-source.ts";
import { builtinVariable } from "../../model/variables.ts";

/**
 * The variables a configuration makes itself: by `set`, by `map`, and by named captures in `server_name`, `location` and `map`.
 * @throws NginxConfigError for a name that cannot be taken and for a bad `map`.
 */
export function ownVariables(http: readonly Directive[]): Map<string, Getter> {
  const own = new Map<string, Getter>();
  for (const name of settableNames(http)) own.set(name, (source) => source.own.get(name));
  const maps = http
    .filter(({ name }) => name === "map")
    .map((map) => ({ map, name: variableName(map.args[1] ?? "", map.position) }));
  // Maps may use each other in any order: all names are known before any is compiled.
  const compiled = new Map<string, Getter>();
  for (const { name } of maps) own.set(name, (source) => compiled.get(name)?.(source));
  for (const { map, name } of maps) compiled.set(name, mapGetter(name, map, own));
  return own;
}

/** The name in `$name`. @throws NginxConfigError for anything else, and for a variable of nginx's own. */
export function variableName(word: string, position: ConfigPosition): string {
  const [, name] = /^\$(\w+)$/.exec(word) ?? [];
  if (name === undefined) throw NginxConfigError.at(position, `invalid variable name "${word}"`);
  if (builtinVariable(name) !== undefined && name !== "args" && name !== "limit_rate") {
    throw NginxConfigError.at(position, `the duplicate "${name}" variable`);
  }
  return name;
}

/** Directives whose arguments may be regular expressions. */
const capturing: ReadonlySet<string> = new Set(["server_name", "location", "if", "proxy_redirect"]);

function settableNames(directives: readonly Directive[]): Set<string> {
  const names = new Set<string>();
  for (const { name, args, position, block, rows } of directives) {
    if (name === "set") names.add(variableName(args[0] ?? "", position));
    if (capturing.has(name)) for (const word of args) addCaptureNames(names, word);
    if (name === "map") for (const { words } of rows ?? []) addCaptureNames(names, words[0] ?? "");
    for (const inner of settableNames(block ?? [])) names.add(inner);
  }
  return names;
}

function addCaptureNames(names: Set<string>, pattern: string): void {
  for (const [, angled, quoted] of pattern.matchAll(/\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/g)) {
    names.add(angled ?? quoted ?? "");
  }
}

interface MapTable {
  readonly exact: Map<string, Template>;
  readonly names: ServerNames<Template | undefined> | undefined;
  readonly regexes: { readonly regex: NginxRegex; readonly value: Template }[];
  fallback: Template | undefined;
}

function mapGetter(name: string, map: Directive, own: ReadonlyMap<string, Getter>): Getter {
  const key = compileTemplate(map.args[0] ?? "", own, map.position);
  const hostnames = (map.rows ?? []).some(({ words }) => words.length === 1 && words[0] === "hostnames");
  const table: MapTable = {
    exact: new Map(),
    names: hostnames ? new ServerNames<Template | undefined>(undefined) : undefined,
    regexes: [],
    fallback: undefined,
  };
  for (const row of map.rows ?? []) addRow(table, row, own);
  return (source) => {
    const known = source.own.get(name);
    if (known !== undefined) return known;
    // A map that comes back to itself finds this rather than running for ever.
    source.own.set(name, "");
    const text = evaluate(key, source);
    const found = table.exact.get(text.toLowerCase()) ?? byHost(table, text);
    const value = found === undefined ? matched(table, text, source) : evaluate(found, source);
    source.own.set(name, value);
    return value;
  };
}

/** A host's last dot is none of its name. */
function byHost({ names, exact }: MapTable, text: string): Template | undefined {
  if (names === undefined) return undefined;
  const host = text.toLowerCase().replace(/\.$/, "");
  return exact.get(host) ?? names.find(host).server;
}

/** As in nginx, the default stands for a match that reached its limit. */
function matched(table: MapTable, text: string, source: Parameters<Getter>[0]): string {
  for (const { regex, value } of table.regexes) {
    const captures = regex.find(text);
    if (captures === "limit") break;
    if (captures === undefined) continue;
    keepCaptures(source, captures);
    return evaluate(value, source);
  }
  return table.fallback === undefined ? "" : evaluate(table.fallback, source);
}

function addRow(table: MapTable, { words, position }: Row, own: ReadonlyMap<string, Getter>): void {
  const [first = "", second] = words;
  if (words.length === 1 && (first === "hostnames" || first === "volatile")) return;
  if (second === undefined || words.length !== 2) {
    throw NginxConfigError.at(position, "invalid number of the map parameters");
  }
  const value = compileTemplate(second, own, position);
  if (first === "default") {
    if (table.fallback !== undefined) throw NginxConfigError.at(position, "duplicate default map parameter");
    table.fallback = value;
  } else if (first.startsWith("~")) {
    const caseless = first.startsWith("~*");
    const regex = compileRegex(first.slice(caseless ? 2 : 1), caseless, position);
    table.regexes.push({ regex, value });
    return;
  }
  const hosts = table.names === undefined ? undefined : wildcardNames(first.toLowerCase());
  if (hosts !== undefined) for (const host of hosts) table.names?.add(host, value);
  else {
    const key = (first.startsWith("\\") ? first.slice(1) : first).toLowerCase();
    if (table.exact.has(key)) throw NginxConfigError.at(position, `conflicting parameter "${first}"`);
    table.exact.set(key, value);
  }
}
