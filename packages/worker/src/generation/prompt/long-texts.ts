/**
 * Where a long text may be cut so that its parts have the tokens of the uncut text, and whether llama.cpp can be trusted with it. Pure.
 *
 * llama.cpp finds the words of a text by std::regex where it has no splitter written by hand, and std::regex recurses for each
 * character of a match: some 20,000 letters, dashes or blanks without a break overflow the stack of a thread (8 MiB) and end the process.
 */

/** Characters of one kind in a row that every pre-tokenizer takes without harm. */
const MOST_RUN_CHARS = 2000;

/** Characters that are tokenized at a stretch, about ten milliseconds. */
export const SLICE_CHARS = 32 * 1024;

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

/**
 * Cuts a text behind line ends that stand between a visible character and a letter: there every pre-tokenizer ends a word.
 *
 * @returns undefined: it has too few of them
 */
export function sliceText(text: string): readonly string[] | undefined {
  const slices: string[] = [];
  let from = 0;
  while (text.length - from > SLICE_CHARS) {
    const to = lastBreak(text, from + SLICE_CHARS, from);
    if (to === undefined) return undefined;
    slices.push(text.slice(from, to));
    from = to;
  }
  return [...slices, text.slice(from)];
}

/** Behind the last line end before `end` where a cut changes no token. */
function lastBreak(text: string, end: number, from: number): number | undefined {
  for (let at = text.lastIndexOf("\n", end - 1); at > from; at = text.lastIndexOf("\n", at - 1)) {
    if (!/\s/u.test(text.charAt(at - 1)) && /^\p{L}/u.test(text.slice(at + 1, at + 3))) return at + 1;
  }
  return undefined;
}
