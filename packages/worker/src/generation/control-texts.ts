import type { ModelDescription, Vocabulary } from "../engine/engine.ts";

/** Marks a place where text must be cut before it is tokenised. A noncharacter of Unicode: no tokenizer knows it. */
const CUT = "\u{FDD0}";

const decoder = new TextDecoder();

/** The control tokens of a model, and the means to keep text of clients from turning into them. */
export class ControlTexts {
  readonly #vocabulary: Vocabulary;
  /** Matches the empty place before each control text, overlapping ones too. */
  readonly #places: RegExp | undefined;

  constructor(vocabulary: Vocabulary, model: ModelDescription) {
    this.#vocabulary = vocabulary;
    const texts = controlTexts(vocabulary, model.vocabularySize);
    this.#places = texts.length === 0 ? undefined : new RegExp(`(?=(?:${texts.map(escape).join("|")}))`, "gu");
  }

  /** The same text with a cut after the first character of each control text, to go through a template and then {@link tokenize}. */
  guard(text: string): string {
    const plain = wellFormed(text.includes(CUT) ? text.replaceAll(CUT, "") : text);
    if (this.#places === undefined) return plain;
    return insertCuts(plain, this.#places);
  }

  /** Tokens of a rendered prompt: the template's own control texts are control tokens, guarded ones are not. */
  tokenize(rendered: string): number[] {
    const parts = rendered.split(CUT);
    if (parts.length === 1) return this.#vocabulary.tokenize(rendered, true);
    return parts.flatMap((part) => (part === "" ? [] : this.#vocabulary.tokenize(part, true)));
  }
}

/** JSON can carry halves of characters, which have no bytes. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\u{FFFD}");
}

/** Texts of at least two characters that the tokenizer would read as control tokens. */
function controlTexts(vocabulary: Vocabulary, vocabularySize: number): string[] {
  const texts = [];
  for (let token = 0; token < vocabularySize; token++) {
    if (vocabulary.tokenBytes(token, false).length > 0) continue;
    const text = decoder.decode(vocabulary.tokenBytes(token, true));
    if (text.length > 1) texts.push(text);
  }
  return texts;
}

function insertCuts(text: string, places: RegExp): string {
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
