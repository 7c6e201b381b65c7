import { NginxConfigError } from "../errors.ts";
import { compileRegex } from "../model/regex.ts";
import type { LocationMatch, LocationNode } from "../model/locations.ts";
import type { LocationModel } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { Scope } from "../read/scope.ts";
import type { TranslateContext } from "./context.ts";
import { readProxyPass } from "./proxy.ts";
import { readSteps } from "./rewrite/steps.ts";
import { readSettings } from "./settings.ts";

/**
 * The locations of a block, with those inside of them; named ones go to `named`.
 * @throws NginxConfigError as nginx would.
 */
export function translateLocations(
  block: readonly Directive[],
  parent: Scope,
  context: TranslateContext,
  named: Map<string, LocationModel>,
  outer: LocationMatch | undefined,
): LocationNode<LocationModel>[] {
  const nodes: LocationNode<LocationModel>[] = [];
  const seen = new Set<string>();
  for (const directive of block.filter(({ name }) => name === "location")) {
    const match = readMatch(directive);
    checkNesting(directive, match, outer);
    const key = `${match.kind} ${nameOf(match)}`;
    if (match.kind !== "regex" && seen.has(key)) {
      throw NginxConfigError.at(directive.position, `duplicate location "${nameOf(match)}"`);
    }
    seen.add(key);
    const node = translateLocation(directive, match, parent, context, named);
    if (match.kind === "named") named.set(match.name, node.value);
    else nodes.push(node);
  }
  return nodes;
}

function translateLocation(
  directive: Directive,
  match: LocationMatch,
  parent: Scope,
  context: TranslateContext,
  named: Map<string, LocationModel>,
): LocationNode<LocationModel> {
  const { block = [] } = directive;
  const scope = new Scope(block, parent);
  const [pass] = scope.own("proxy_pass");
  const proxy = pass === undefined ? undefined : readProxyPass(pass, match.kind, context);
  const steps = readSteps(block, context.own);
  const responds = proxy !== undefined || steps.some(({ kind }) => kind === "return") || deniesEverybody(scope);
  const inside = translateLocations(block, scope, context, named, match);
  if (!responds && inside.length === 0) checkFileLocation(directive, match, scope, context);
  const value: LocationModel = {
    name: nameOf(match),
    settings: readSettings(scope, context),
    steps,
    internal: scope.own("internal").length > 0,
    proxy,
  };
  return {
    match,
    value,
    autoRedirect: proxy !== undefined && match.kind !== "regex" && value.name.endsWith("/"),
    inside,
  };
}

/** Without `proxy_pass` and `return` nginx serves files; where a `root` says so, a client would miss them. */
function checkFileLocation(
  { args, position }: Directive,
  match: LocationMatch,
  scope: Scope,
  { warnings }: TranslateContext,
): void {
  const words = args.join(" ");
  // Of a location that clients can ask for, only the error page's own path is one: below it they would miss files.
  const isInternal = scope.own("internal").length > 0;
  const isErrorPage =
    (match.kind === "exact" || match.kind === "prefix") &&
    scope.many("error_page").some(({ args }) => {
      const [page = ""] = (args.at(-1) ?? "").split("?", 1);
      return isInternal ? page.startsWith(match.path) : page === match.path;
    });
  if (scope.one("root") !== undefined && !isErrorPage) {
    throw NginxConfigError.unsupported(
      position,
      `location "${words}"`,
      "it serves files; give it a `proxy_pass` or a `return`",
    );
  }
  const instead = isErrorPage ? "its error pages are nginx's own" : "it responds with 404";
  warnings.push(
    `location "${words}" has no "proxy_pass" and no "return", and no files are served: ${instead} in ${position.file}:${position.line}`,
  );
}

function readMatch({ args, position }: Directive): LocationMatch {
  const [first = "", second] = args;
  // The modifier may stand right before the name.
  const [, joined = "", rest = ""] = /^(=|\^~|~\*|~|)(.*)$/s.exec(first) ?? [];
  const [modifier, name] = second === undefined ? [joined, rest] : [first, second];
  if (modifier === "=") return { kind: "exact", path: name };
  if (modifier === "^~") return { kind: "prefix", path: name, noRegex: true };
  if (modifier === "~" || modifier === "~*") {
    return { kind: "regex", regex: compileRegex(name, modifier === "~*", position) };
  }
  if (second !== undefined) throw NginxConfigError.at(position, `invalid location modifier "${first}"`);
  return name.startsWith("@") ? { kind: "named", name } : { kind: "prefix", path: name, noRegex: false };
}

function checkNesting({ position }: Directive, match: LocationMatch, outer: LocationMatch | undefined): void {
  if (outer === undefined) return;
  const name = nameOf(match);
  if (outer.kind === "exact") {
    throw NginxConfigError.at(position, `location "${name}" cannot be inside the exact location "${outer.path}"`);
  }
  if (outer.kind === "named") {
    throw NginxConfigError.at(position, `location "${name}" cannot be inside the named location "${outer.name}"`);
  }
  if (match.kind === "named") {
    throw NginxConfigError.at(position, `named location "${name}" can be on the server level only`);
  }
  if (outer.kind === "prefix" && match.kind !== "regex" && !match.path.startsWith(outer.path)) {
    throw NginxConfigError.at(position, `location "${name}" is outside location "${outer.path}"`);
  }
}

function nameOf(match: LocationMatch): string {
  if (match.kind === "regex") return match.regex.pattern;
  return match.kind === "named" ? match.name : match.path;
}

/** Whether what else a block says can matter to nobody. */
function deniesEverybody(scope: Scope): boolean {
  const [first] = scope.manyOf(["allow", "deny"]);
  return first?.name === "deny" && first.args[0] === "all";
}
