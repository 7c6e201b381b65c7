import { type CodeRange, charClass, type GrammarRules, hasCode, literal } from "./grammar-rules.ts";
import { stringChar } from "./json-rules.ts";

/** How the characters of a text are written. */
export interface Alphabet {
  /** Any character. */
  readonly char: (rules: GrammarRules) => string;
  /** At least so many characters. */
  readonly text: (rules: GrammarRules, least: number) => string;
  /** One of these characters; empty: none of them is offered. */
  readonly oneOf: (ranges: readonly CodeRange[]) => string;
}

/** Characters that stand in a JSON string as they are. */
export const PLAIN_CHARS: readonly CodeRange[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7e],
  [0xa0, 0xd7ff],
  [0xe000, 0x10ffff],
];

/** Characters that must be escaped there, and how. Other control characters are not offered. */
const ESCAPED: readonly (readonly [number, string])[] = [
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
];

/** Inside of the quotes of a JSON string. */
export const JSON_ALPHABET: Alphabet = {
  char: stringChar,
  text: (rules, least) => rules.repeat(stringChar(rules), least, undefined),
  oneOf: (ranges) => {
    const plain = common(PLAIN_CHARS, ranges);
    const escaped = ESCAPED.filter(([code]) => hasCode(ranges, code));
    // In a GBNF literal the backslash and the quote are escaped once more.
    const options = escaped.map(([, text]) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
    if (plain.length > 0) options.unshift(charClass(plain));
    return options.join(" | ");
  },
};

/** Characters of a text without quotes that no tag begins with. */
const NO_TAG: readonly CodeRange[] = [
  [0x09, 0x0a],
  [0x0d, 0x0d],
  [0x20, 0x3b],
  [0x3d, 0x7e],
  [0xa0, 0xd7ff],
  [0xe000, 0x10ffff],
];

/**
 * Between the tags of an element, without escapes. A text without a most may have anything but the closing tag; in others no tag begins, as
 * a grammar can't count and look for the tag at once.
 */
export function bareAlphabet(closingTag: string): Alphabet {
  return {
    char: () => charClass(NO_TAG),
    text: (rules, least) => {
      const { text, oneOrMore } = textBefore(rules, closingTag);
      return least === 0 ? text : `${rules.repeat(charClass(NO_TAG), least - 1, least - 1)} ${oneOrMore}`;
    },
    oneOf: (ranges) => {
      const offered = common(NO_TAG, ranges);
      return offered.length === 0 ? "" : charClass(offered);
    },
  };
}

interface TextRules {
  readonly text: string;
  readonly oneOrMore: string;
}

const texts = new WeakMap<GrammarRules, Map<string, TextRules>>();

/** Texts that do not contain the tag: a rule for each number of its characters that were just written. Only its first character is a `<`. */
function textBefore(rules: GrammarRules, tag: string): TextRules {
  const known = texts.get(rules) ?? new Map<string, TextRules>();
  texts.set(rules, known);
  const made = known.get(tag) ?? makeTextBefore(rules, tag);
  known.set(tag, made);
  return made;
}

function makeTextBefore(rules: GrammarRules, tag: string): TextRules {
  const names = Array.from(tag, () => rules.reserve());
  const [none = "", one = ""] = names;
  const optionsOf = (written: number): readonly string[] => {
    const next = tag.charAt(written);
    const again = written === 0 ? [] : [`"<" ${one}`];
    const further = written === tag.length - 1 ? [] : [`${literal(next)} ${names[written + 1] ?? ""}`];
    return [`${charClass(common(NO_TAG, allBut(next)))} ${none}`, ...again, ...further];
  };
  for (const [written, name] of names.entries()) rules.define(name, [...optionsOf(written), '""'].join(" | "));
  return { text: none, oneOrMore: rules.add(optionsOf(0).join(" | ")) };
}

function allBut(char: string): readonly CodeRange[] {
  const code = char.charCodeAt(0);
  return [
    [0, code - 1],
    [code + 1, 0x10ffff],
  ];
}

function common(allowed: readonly CodeRange[], ranges: readonly CodeRange[]): readonly CodeRange[] {
  return allowed.flatMap(([from, to]) =>
    ranges.flatMap(([first, last]): readonly CodeRange[] => {
      const [low, high] = [Math.max(from, first), Math.min(to, last)];
      return low <= high ? [[low, high]] : [];
    }),
  );
}
