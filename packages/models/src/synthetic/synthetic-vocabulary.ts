import { BYTE_ALPHABET, spell } from "./byte-alphabet.ts";
import { COMMON_CHARACTERS, COMMON_WORDS } from "./common-words.ts";
import type { SpecialTokens } from "./special-tokens.ts";

/** A byte-level BPE vocabulary; every text has an encoding, and decodes to itself. */
export interface SyntheticVocabulary {
  readonly tokens: readonly string[];
  /** GGUF's token types: 1 normal, 3 control, 4 user defined, 5 unused. */
  readonly types: readonly number[];
  readonly merges: readonly string[];
  /** Ids whose output rows are zero: special tokens, and tokens that are not complete characters. */
  readonly silent: ReadonlySet<number>;
}

/** Special ids start here in a vocabulary of this size; Qwen's and Llama's reserve this many. */
const RESERVED = { 151_936: 293, 128_256: 256 } as const;

/**
 * Makes a vocabulary of exactly `size` unique tokens: bytes, common English words, Chinese characters (all of them where there is room), then
 * short strings of letters. So that Chinese takes about one token a character and English about one a syllable, like the real ones.
 */
export function makeVocabulary(size: number, special: SpecialTokens): SyntheticVocabulary {
  const named = [...special.control, ...special.marks];
  const reserved = size === 151_936 || size === 128_256 ? RESERVED[size] : named.length;
  const text = new TextTokens(size - reserved);
  // some of both first, so that a small vocabulary has some of both
  for (const word of COMMON_WORDS.slice(0, 40)) text.addWord(spell(` ${word}`));
  for (const character of COMMON_CHARACTERS.slice(0, 40)) text.addCharacter(character);
  for (const word of COMMON_WORDS) text.addWord(spell(` ${word}`));
  for (const character of COMMON_CHARACTERS) text.addCharacter(character);
  if (size > 50_000) for (let code = 0x4e00; code <= 0x9fff; code++) text.addCharacter(String.fromCodePoint(code));
  text.fill();
  const filler = Array.from({ length: reserved - named.length }, (_, index) => special.filler(named.length + index));
  const types = [
    ...text.tokens.map(() => 1),
    ...special.control.map(() => 3),
    ...special.marks.map(() => 4),
    ...filler.map(() => 5),
  ];
  const silent = new Set(text.fragments);
  for (let id = text.tokens.length; id < size; id++) silent.add(id);
  return { tokens: [...text.tokens, ...named, ...filler], types, merges: text.merges, silent };
}

const LETTERS = "etaoinshrdlucmfwypvbgk".split("");

/** Text tokens while they are collected. */
class TextTokens {
  readonly tokens: string[] = [...BYTE_ALPHABET];
  readonly merges: string[] = [];
  /** Ids of tokens that are not complete characters, and of control characters. */
  readonly fragments: number[] = [];
  private readonly known = new Set<string>(BYTE_ALPHABET);
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
    for (let byte = 0; byte < 256; byte++) if (byte < 32 || byte > 126) this.fragments.push(byte);
  }

  addWord(spelled: string): void {
    for (let length = 2; length <= spelled.length; length++) {
      this.merge(spelled.slice(0, length - 1), spelled.charAt(length - 1));
    }
  }

  addCharacter(character: string): void {
    const spelled = spell(character);
    const half = spelled.slice(0, 2);
    // both merges or none: half a character alone is of no use
    if (this.tokens.length + 2 > this.size) return;
    if (this.merge(half.charAt(0), half.charAt(1))) this.fragments.push(this.tokens.length - 1);
    this.merge(half, spelled.charAt(2));
  }

  /** Breadth-first: every token made here, followed by each letter. */
  fill(): void {
    const stems = [spell(" "), ...LETTERS];
    for (const stem of stems) {
      for (const letter of LETTERS) {
        if (this.tokens.length >= this.size) return;
        this.merge(stem, letter);
        stems.push(stem + letter);
      }
    }
  }

  private merge(left: string, right: string): boolean {
    const token = left + right;
    if (this.known.has(token) || this.tokens.length >= this.size) return false;
    this.known.add(token);
    this.tokens.push(token);
    this.merges.push(`${left} ${right}`);
    return true;
  }
}
