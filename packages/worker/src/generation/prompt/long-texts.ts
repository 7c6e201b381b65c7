/**
 * Where a long text may be cut so that its parts have the tokens of the uncut text, and whether llama.cpp can be trusted with it. Pure.
 *
 * llama.cpp finds the words of a text by std::regex where it has no splitter written by hand, and std::regex recurses for each
 * character of a match: some 20,000 letters, dashes or blanks without a break overflow the stack of a thread (8 MiB) and end the process.
 */

/** Characters of one kind in a row that every pre-tokenizer takes without harm. */
const MOST_RUN_CHARS = 2000;

/**
 * Does the text hold something that some pre-tokenizer takes as one word of thousands of characters: no blank in it, nothing but
 * blanks, or words with blanks between them and no digit or punctuation?
 */
export function hasLongRun(text: string): boolean {
  if (text.length < MOST_RUN_CHARS) return false;
  let [visible, blank, wordy] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const kind = code < KINDS.length ? KINDS[code] : kindBeyondAscii(code);
    visible = kind === BLANK || kind === LINE_END || kind === STOP ? 0 : visible + 1;
    blank = kind === BLANK || kind === LINE_END ? blank + 1 : 0;
    wordy = kind === LETTER || kind === BLANK ? wordy + 1 : 0;
    if (visible >= MOST_RUN_CHARS || blank >= MOST_RUN_CHARS || wordy >= MOST_RUN_CHARS) return true;
  }
  return false;
}

const [LETTER, BLANK, LINE_END, MARK, STOP] = [0, 1, 2, 3, 4];

/** Of ASCII: digits and punctuation are marks. */
const KINDS = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (char === "\n") return LINE_END;
  if (/\s/u.test(char)) return BLANK;
  return /[a-z]/iu.test(char) ? LETTER : MARK;
});

/** Punctuation of East Asian texts, which have no blanks: no pre-tokenizer goes over it. */
const EAST_ASIAN_STOPS = new Set("、。，．！？：；");

function kindBeyondAscii(code: number): number {
  const char = String.fromCharCode(code);
  if (code >= 0x3000 && EAST_ASIAN_STOPS.has(char)) return STOP;
  return code <= 0x3000 && /\s/u.test(char) ? BLANK : LETTER;
}

/** A vocabulary's tokens that go over a blank between two letters; undefined: too many to look for. */
type Phrases = readonly string[] | undefined;

/** What has no break for so long is refused: nobody looks on. */
const MOST_SEARCHED_CHARS = 257 * 1024;

/**
 * Where the slice ends that begins at `from`: at the last position before `from + most` where a cut changes no token, else at the first one behind it. Every
 * pre-tokenizer ends a word behind a line end that stands between a visible character and a letter, and, where no token goes over it, before a
 * blank between two letters.
 */
export function endOfSlice(text: string, from: number, most: number, phrases: Phrases): number {
  if (text.length - from <= most) return text.length;
  for (let at = from + most; at > from; at--) if (isBreak(text, at, phrases)) return at;
  const last = Math.min(text.length, from + MOST_SEARCHED_CHARS);
  for (let at = from + most + 1; at < last; at++) if (isBreak(text, at, phrases)) return at;
  return text.length;
}

const [NEWLINE, SPACE] = [10, 32];

function isBreak(text: string, at: number, phrases: Phrases): boolean {
  if (text.charCodeAt(at - 1) === NEWLINE) return isLetter(text, at) && !/\s/u.test(text.charAt(at - 2));
  if (phrases === undefined || text.charCodeAt(at) !== SPACE) return false;
  if (!isLetter(text, at + 1) || !endsInLetter(text, at)) return false;
  return !phrases.some((phrase) => isOver(phrase, text, at));
}

/** Is the phrase in the text, with a part of it on either side? */
function isOver(phrase: string, text: string, at: number): boolean {
  const reach = phrase.length - 1;
  return text.slice(Math.max(0, at - reach), at + reach).includes(phrase);
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < KINDS.length ? KINDS[code] === LETTER : /^\p{L}/u.test(text.slice(at, at + 2));
}

function endsInLetter(text: string, end: number): boolean {
  const code = text.charCodeAt(end - 1);
  return code < KINDS.length ? KINDS[code] === LETTER : /\p{L}$/u.test(text.slice(Math.max(0, end - 2), end));
}
