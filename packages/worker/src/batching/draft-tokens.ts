/** Longest run of tokens at the text's end that is looked up, and the shortest that is believed. */
const LONGEST_RUN = 4;
const SHORTEST_RUN = 2;

/** How far back is looked; responses that repeat their prompt repeat what is near. */
const WINDOW_TOKENS = 4096;

/**
 * Guesses what follows: what followed the last time that the text's last few tokens stood together. Free where a text
 * repeats itself or its prompt (code, quotes, lists), and empty elsewhere.
 */
export function draftTokens(tokens: readonly number[], most: number): readonly number[] {
  const start = Math.max(0, tokens.length - WINDOW_TOKENS);
  for (let run = Math.min(LONGEST_RUN, tokens.length - 1); run >= SHORTEST_RUN; run--) {
    for (let end = tokens.length - 1; end >= start + run; end--) {
      if (sameRun(tokens, end, run)) return tokens.slice(end, end + most);
    }
  }
  return [];
}

/** Do the `run` tokens before `end` equal the last ones? */
function sameRun(tokens: readonly number[], end: number, run: number): boolean {
  for (let back = 1; back <= run; back++) {
    if (tokens[end - back] !== tokens[tokens.length - back]) return false;
  }
  return true;
}
