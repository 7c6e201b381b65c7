import type { Captures, NginxRegex } from "./regex.ts";

/** How a location is written: `= /x`, `/x`, `^~ /x`, `~ x` or `~* x`, `@x`. */
export type LocationMatch =
  | { readonly kind: "exact"; readonly path: string }
  | { readonly kind: "prefix"; readonly path: string; readonly noRegex: boolean }
  | { readonly kind: "regex"; readonly regex: NginxRegex }
  | { readonly kind: "named"; readonly name: string };

export interface LocationNode<T> {
  readonly match: LocationMatch;
  readonly value: T;
  /** A request for this path without its last `/` is redirected to it: nginx does so where the location proxies. */
  readonly autoRedirect: boolean;
  readonly inside: readonly LocationNode<T>[];
}

export type FoundLocation<T> =
  | { readonly kind: "found"; readonly value: T; readonly captures: Captures | undefined }
  | { readonly kind: "redirect"; readonly path: string }
  | { readonly kind: "none" };

/**
 * nginx's `ngx_http_core_find_location`: an exact location ends the search; else the longest prefix, then (unless it says
 * `^~`) the first regular expression in the order of the file. Locations inside the prefix found are searched first, their regular
 * expressions before those outside.
 */
export function findLocation<T>(nodes: readonly LocationNode<T>[], uri: string): FoundLocation<T> {
  return search(nodes, uri).found;
}

interface Search<T> {
  readonly found: FoundLocation<T>;
  /** An exact location, a redirect or a regular expression: nothing further out is asked. */
  readonly isFinal: boolean;
}

function search<T>(nodes: readonly LocationNode<T>[], uri: string): Search<T> {
  const exact = nodes.find(({ match }) => match.kind === "exact" && match.path === uri);
  if (exact !== undefined) return { found: foundAt(exact.value), isFinal: true };
  const best = longestPrefix(nodes, uri);
  const isWhole = best?.match.kind === "prefix" && best.match.path === uri;
  if (!isWhole && nodes.some((node) => node.autoRedirect && pathOf(node.match) === `${uri}/`)) {
    return { found: { kind: "redirect", path: `${uri}/` }, isFinal: true };
  }
  const inner = best === undefined ? undefined : search(best.inside, uri);
  if (inner?.isFinal === true) return inner;
  if (!(best?.match.kind === "prefix" && best.match.noRegex)) {
    const matched = firstRegex(nodes, uri);
    if (matched !== undefined) return { found: matched, isFinal: true };
  }
  if (best === undefined) return { found: { kind: "none" }, isFinal: false };
  return { found: inner?.found.kind === "found" ? inner.found : foundAt(best.value), isFinal: false };
}

function longestPrefix<T>(nodes: readonly LocationNode<T>[], uri: string): LocationNode<T> | undefined {
  let best: LocationNode<T> | undefined;
  let length = -1;
  for (const node of nodes) {
    const { match } = node;
    if (match.kind !== "prefix" || match.path.length <= length || !uri.startsWith(match.path)) continue;
    best = node;
    length = match.path.length;
  }
  return best;
}

function firstRegex<T>(nodes: readonly LocationNode<T>[], uri: string): FoundLocation<T> | undefined {
  for (const node of nodes) {
    const captures = node.match.kind === "regex" ? node.match.regex.exec(uri) : undefined;
    if (captures === undefined) continue;
    const { found } = search(node.inside, uri);
    if (found.kind === "none") return { kind: "found", value: node.value, captures };
    return found.kind === "found" ? { ...found, captures: found.captures ?? captures } : found;
  }
  return undefined;
}

function foundAt<T>(value: T): FoundLocation<T> {
  return { kind: "found", value, captures: undefined };
}

function pathOf(match: LocationMatch): string | undefined {
  return match.kind === "exact" || match.kind === "prefix" ? match.path : undefined;
}
