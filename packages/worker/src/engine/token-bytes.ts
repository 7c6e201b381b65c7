import type { TextKind, Vocabulary } from "./engine.ts";
import type { NativeVocabulary } from "./native-context.ts";

/** Bits of llama.cpp's `enum llama_token_attr`. */
const attribute = { unknown: 1, normal: 4, control: 8, userDefined: 16, byte: 32 } as const;

/**
 * The bytes that a token stands for. llama.cpp's own response comes through JavaScript strings, which can't hold part of a
 * character; so the bytes are read from the vocabulary's stored texts, by the rules of `llama_vocab::token_to_piece`.
 */
export function createTokenBytes(
  vocabulary: NativeVocabulary,
  vocabularyKind: string,
  detokenize: (token: number, kind: TextKind) => string,
): Vocabulary["tokenBytes"] {
  const known = { control: new Map<number, Uint8Array>(), plain: new Map<number, Uint8Array>() };
  const read = (token: number, kind: TextKind): Uint8Array => {
    const bits = vocabulary.getTokenAttributes(token);
    const text = () => vocabulary.getTokenString(token);
    if (bits & (attribute.control | attribute.unknown)) return kind === "control" ? encoder.encode(text()) : empty;
    if (bits & attribute.userDefined && vocabularyKind !== "wpm") return encoder.encode(text());
    if (vocabularyKind === "spm" || vocabularyKind === "ugm") {
      if (bits & attribute.byte) return byteToken(text());
      return encoder.encode(text().replaceAll("\u2581", " "));
    }
    if (vocabularyKind === "bpe") return byteLevelText(text());
    return encoder.encode(detokenize(token, kind));
  };
  return (token, kind) => {
    let bytes = known[kind].get(token);
    if (bytes === undefined) {
      bytes = read(token, kind);
      known[kind].set(token, bytes);
    }
    return bytes;
  };
}

const encoder = new TextEncoder();
const empty = new Uint8Array();

/** `<0xE4>` */
function byteToken(text: string): Uint8Array {
  const value = Number.parseInt(text.slice(3, 5), 16);
  return Number.isNaN(value) ? encoder.encode(text) : Uint8Array.of(value);
}

/** GPT-2's alphabet: each byte has a printable character; those not printable by themselves begin at U+0100. */
const byteOfCharacter = new Map<string, number>();
let shifted = 256;
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  byteOfCharacter.set(String.fromCodePoint(printable ? byte : shifted++), byte);
}

function byteLevelText(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) bytes.push(...encoder.encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Of a token, whose ids are 0 … `tokens` - 1. */
type BytesOf = (token: number) => Uint8Array;

/** See `Vocabulary.longestTokenBytes`. */
export function longestOf(tokens: number, bytesOf: BytesOf): number {
  let most = 1;
  for (let token = 0; token < tokens; token++) most = Math.max(most, bytesOf(token).length);
  return most;
}

/** More are a vocabulary whose words have blanks in them. */
const MOST_PHRASES = 64;
const BLANK = 32;

/** See `Vocabulary.phrases`. */
export function phrasesOf(tokens: number, bytesOf: BytesOf): readonly string[] | undefined {
  const phrases: string[] = [];
  for (let token = 0; token < tokens && phrases.length <= MOST_PHRASES; token++) {
    const bytes = bytesOf(token);
    if (!bytes.includes(BLANK, 1)) continue;
    const text = Buffer.from(bytes).toString("utf8");
    if (/\p{L} \p{L}/u.test(text)) phrases.push(text);
  }
  return phrases.length > MOST_PHRASES ? undefined : phrases;
}
