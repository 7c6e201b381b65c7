/**
 * GPT-2's alphabet: each of the 256 bytes as one printable character, in the order of the bytes. Byte-level BPE
 * vocabularies in GGUF files spell their tokens in it, so every text has an encoding and none is lost.
 * Source: openai/gpt-2 encoder.py `bytes_to_unicode`.
 */
export const BYTE_ALPHABET: readonly string[] = makeAlphabet();

/** Spells UTF-8 text in the byte alphabet. */
export function spell(text: string): string {
  return [...Buffer.from(text, "utf8")].map((byte) => BYTE_ALPHABET[byte]).join("");
}

function makeAlphabet(): readonly string[] {
  let extra = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : 256 + extra++));
}

function isPrintable(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}
