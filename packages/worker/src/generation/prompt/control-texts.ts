import type { Vocabulary } from "../../engine/engine.ts";

/** Marks a place where text must be cut before it is tokenised. A noncharacter of Unicode: no tokenizer knows it. */
const CUT = "\u{FDD0}";

/** Texts that a vocabulary need not call control tokens, and that mean as much. */
const MARKS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"];

const decoder = new TextDecoder();

/** The control tokens of a model, and the means to keep text of clients from turning into them. */
export class ControlTexts {
  readonly #places: RegExp | undefined;
  readonly #cutsInResponses: RegExp | undefined;

  /** @param texts see {@link controlTextsOf} */
  constructor(texts: readonly string[]) {
    this.#places = placesBefore([...new Set([...texts, ...MARKS])]);
    this.#cutsInResponses = placesBefore(texts.filter((text) => !MARKS.includes(text)));
  }

  /** The same text with a cut after the first character of each control text, to go through a template and then {@link parts}. */
  guard(text: string): string {
    return insertCuts(text, this.#places);
  }

  /** The same for what a model said earlier: its thinking and calls stay what they are, as templates look for them. */
  guardResponse(text: string): string {
    return insertCuts(text, this.#cutsInResponses);
  }

  /** How many cuts {@link guard} would make; stops at `most`. */
  count(texts: readonly string[], most: number): number {
    let cuts = 0;
    for (const text of this.#places === undefined ? [] : texts) {
      for (const _ of text.matchAll(this.#places as RegExp)) {
        cuts += 1;
        if (cuts >= most) return cuts;
      }
    }
    return cuts;
  }

  /** The texts of a rendered prompt, to be tokenized each by itself: so only the template's own control texts become control tokens. */
  parts(rendered: string): readonly string[] {
    return rendered.split(CUT);
  }
}

/** What Node has, and the library of this TypeScript target has not. */
type EcmaScript2024String = string & { toWellFormed(): string };

/** JSON can carry halves of characters, which have no bytes. */
export function wellFormed(text: string): string {
  // Most texts are well formed, which is quickly seen.
  return (text as EcmaScript2024String).toWellFormed();
}

/** Texts of at least two characters that the tokenizer would read as control tokens. */
export function controlTextsOf(vocabulary: Vocabulary, vocabularySize: number): string[] {
  const texts = [];
  for (let token = 0; token < vocabularySize; token++) {
    if (vocabulary.tokenBytes(token, "plain").length > 0) continue;
    const text = decoder.decode(vocabulary.tokenBytes(token, "control"));
    if (text.length > 1) texts.push(text);
  }
  return texts;
}

/** Matches the empty place before each of the texts, overlapping ones too. */
function placesBefore(texts: readonly string[]): RegExp | undefined {
  return texts.length === 0 ? undefined : new RegExp(`(?=(?:${texts.map(escape).join("|")}))`, "gu");
}

function insertCuts(given: string, places: RegExp | undefined): string {
  const text = wellFormed(given.includes(CUT) ? given.replaceAll(CUT, "") : given);
  if (places === undefined) return text;
  let result = "";
  let from = 0;
  for (const match of text.matchAll(places)) {
    const cut = match.index + ((text.codePointAt(match.index) ?? 0) > 0xffff ? 2 : 1);
    result += text.slice(from, cut) + CUT;
    from = cut;
  }
  return from === 0 ? text : result + text.slice(from);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
