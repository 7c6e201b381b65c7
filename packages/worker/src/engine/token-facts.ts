/** What has to be known of all tokens of a vocabulary, whose ids are 0 … `tokens` - 1. */

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
