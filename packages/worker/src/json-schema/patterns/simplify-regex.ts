import type { RegexNode } from "./regex-parser.ts";

/**
 * The same texts without repetitions of what may be empty: llama.cpp follows each way to be empty, so that `(a?){60}` takes minutes where
 * `a{0,60}` takes nothing. Pure.
 */
export function simplifyRegex(node: RegexNode): RegexNode {
  if (node.kind === "class") return node;
  if (node.kind === "sequence") return { ...node, parts: node.parts.map(simplifyRegex) };
  if (node.kind === "choice") return { ...node, options: node.options.map(simplifyRegex) };
  return repeat(simplifyRegex(node.of), node.least, node.most);
}

function repeat(of: RegexNode, least: number, most: number | undefined): RegexNode {
  if (most === 0) return NOTHING;
  if (!isNullable(of)) return merge(of, least, most);
  const filled = nonEmpty(of);
  return filled === undefined ? NOTHING : merge(filled, 0, most);
}

/** `(x{1,})*` is `x*`: each text has one way through it then. */
function merge(of: RegexNode, least: number, most: number | undefined): RegexNode {
  if (of.kind === "repeat" && of.most === undefined && of.least <= 1 && most === undefined && least <= 1) {
    return { ...of, least: Math.min(of.least, least) };
  }
  return { kind: "repeat", of, least, most };
}

const NOTHING: RegexNode = { kind: "sequence", parts: [] };

function isNullable(node: RegexNode): boolean {
  if (node.kind === "class") return false;
  if (node.kind === "repeat") return node.least === 0 || isNullable(node.of);
  return node.kind === "sequence" ? node.parts.every(isNullable) : node.options.some(isNullable);
}

/** The same texts without the empty one; undefined: there is no other. Of a simplified node. */
function nonEmpty(node: RegexNode): RegexNode | undefined {
  if (!isNullable(node)) return node;
  if (node.kind === "repeat") return nonEmptyRepeat(node);
  if (node.kind === "choice") return choiceOf(node.options.map(nonEmpty));
  if (node.kind === "class") return node;
  // All parts may be empty: one of them is the first that is not.
  return choiceOf(
    node.parts.map((part, index) => {
      const filled = nonEmpty(part);
      return filled && { kind: "sequence", parts: [filled, ...node.parts.slice(index + 1)] };
    }),
  );
}

function nonEmptyRepeat(node: Extract<RegexNode, { readonly kind: "repeat" }>): RegexNode | undefined {
  const of = nonEmpty(node.of);
  return of === undefined || node.most === 0 ? undefined : { ...node, of, least: 1 };
}

function choiceOf(options: readonly (RegexNode | undefined)[]): RegexNode | undefined {
  const left = options.filter((option) => option !== undefined);
  const [only] = left;
  return left.length > 1 ? { kind: "choice", options: left } : only;
}
