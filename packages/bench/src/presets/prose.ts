import { pick, type Random } from "../random.ts";

const WORDS =
  "the of and to in a river market engine valley report winter station number letter garden people water result order system value paper bridge morning machine city measure field teacher answer stone light history question window summer energy road village service doctor music forest"
    .split(" ")
    .filter((word) => word !== "") as [string, ...string[]];

/** `tokens` tokens' worth of words, never twice the same: a cache of an earlier prompt must not help with this one. */
export function prose(tokens: number, wordsPerToken: number, random: Random): string {
  const words: string[] = [];
  const count = Math.max(1, Math.round(tokens * wordsPerToken));
  for (let index = 0; index < count; index += 1) words.push(pick(WORDS, random));
  return words.join(" ");
}
