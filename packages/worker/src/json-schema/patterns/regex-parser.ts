import { type AST, RegExpParser } from "@eslint-community/regexpp";
import type { CodeRange } from "../grammar/grammar-rules.ts";

export type RegexNode =
  | { readonly kind: "class"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly of: RegexNode; readonly least: number; readonly most: number | undefined };

export interface ParsedRegex {
  readonly node: RegexNode;
  /** No `^`: a match may begin anywhere. */
  readonly startsAnywhere: boolean;
  readonly endsAnywhere: boolean;
}

/** A pattern that is no regular expression, or that a grammar can't say. */
export class UnsupportedPattern extends Error {}

const LAST = 0x10ffff;
const DIGIT: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [...DIGIT, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_END: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/** @throws UnsupportedPattern */
export function parseRegex(pattern: string): ParsedRegex {
  const options = alternativesOf(pattern).map(anchored);
  const [first, ...others] = options as [ParsedRegex, ...ParsedRegex[]];
  const { startsAnywhere, endsAnywhere } = first;
  // `^a|b$` anchors only one side of each option.
  if (others.some((option) => option.startsAnywhere !== startsAnywhere || option.endsAnywhere !== endsAnywhere)) {
    throw new UnsupportedPattern("put the options between ^ and $ in a group: ^(a|b)$");
  }
  return { ...first, node: choiceOf(options.map(({ node }) => node)) };
}

function alternativesOf(pattern: string): readonly AST.Alternative[] {
  try {
    // What Node itself refuses is no pattern, whatever the parser takes for one.
    RegExp(pattern, "u");
    return new RegExpParser().parsePattern(pattern, 0, pattern.length, { unicode: true }).alternatives;
  } catch {
    throw new UnsupportedPattern("it is no regular expression of JavaScript with the u flag");
  }
}

function anchored({ elements }: AST.Alternative): ParsedRegex {
  const startsAnywhere = !isAnchor(elements[0], "start");
  const rest = startsAnywhere ? elements : elements.slice(1);
  const endsAnywhere = !isAnchor(rest.at(-1), "end");
  return { node: sequenceOf(endsAnywhere ? rest : rest.slice(0, -1)), startsAnywhere, endsAnywhere };
}

function isAnchor(element: AST.Element | undefined, kind: "start" | "end"): boolean {
  return element?.type === "Assertion" && element.kind === kind;
}

function choiceOf(options: readonly RegexNode[]): RegexNode {
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
}

function sequenceOf(elements: readonly AST.Element[]): RegexNode {
  return { kind: "sequence", parts: elements.map(nodeOf) };
}

function nodeOf(element: AST.Element): RegexNode {
  switch (element.type) {
    case "Group":
    case "CapturingGroup":
      if ("modifiers" in element && element.modifiers) throw unsupported(element);
      return choiceOf(element.alternatives.map(({ elements }) => sequenceOf(elements)));
    case "Quantifier": {
      const { min: least, max, element: repeated } = element;
      // A lazy quantifier matches the same texts.
      const most = max === Number.POSITIVE_INFINITY ? undefined : max;
      return least === 1 && most === 1 ? nodeOf(repeated) : { kind: "repeat", of: nodeOf(repeated), least, most };
    }
    case "Character":
    case "CharacterSet":
      return { kind: "class", ranges: rangesOf(element) };
    case "CharacterClass": {
      const ranges = element.elements.flatMap(rangesOf);
      return { kind: "class", ranges: element.negate ? complement(ranges) : ranges };
    }
    case "Assertion":
    case "Backreference":
    case "ExpressionCharacterClass":
      break;
  }
  throw unsupported(element);
}

type ClassElement = AST.CharacterClass["elements"][number] | AST.CharacterSet;

function rangesOf(element: ClassElement): readonly CodeRange[] {
  if (element.type === "Character") return [[element.value, element.value]];
  if (element.type === "CharacterClassRange") return [[element.min.value, element.max.value]];
  if (element.type !== "CharacterSet" || element.kind === "property") throw unsupported(element);
  if (element.kind === "any") return complement(LINE_END);
  const set = { digit: DIGIT, space: SPACE, word: WORD }[element.kind];
  return element.negate ? complement(set) : set;
}

function unsupported(element: AST.Element | ClassElement): UnsupportedPattern {
  const isAnchor = element.type === "Assertion" && (element.kind === "start" || element.kind === "end");
  return new UnsupportedPattern(
    isAnchor ? "^ and $ are supported only at the very beginning and end" : `${element.raw} is not supported`,
  );
}

function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const result: CodeRange[] = [];
  let from = 0;
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > from) result.push([from, first - 1]);
    from = Math.max(from, last + 1);
  }
  return from <= LAST ? [...result, [from, LAST]] : result;
}
