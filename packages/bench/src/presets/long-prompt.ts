import type { ChatMessage } from "../client/exchange.ts";
import type { PresetContext } from "./preset.ts";
import { prose } from "./prose.ts";

const INSTRUCTION = "Answer the question from the passages only.";
const PASSAGE_TOKENS = 490;
const PASSAGES = 4;

/** A question behind four passages that it is about: some 2,000 tokens, never twice the same. */
export function longPrompt({ random, wordsPerToken }: PresetContext): readonly ChatMessage[] {
  const passages = Array.from(
    { length: PASSAGES },
    (_, index) => `[${index + 1}] ${prose(PASSAGE_TOKENS, wordsPerToken, random)}.`,
  );
  const question = `${prose(16, wordsPerToken, random)}?`;
  return [
    { role: "system", content: INSTRUCTION },
    { role: "user", content: [...passages, question].join("\n\n") },
  ];
}
