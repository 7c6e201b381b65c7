import { independentQuestions, type Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const INSTRUCTION = "Answer the question from the passages only.";
const PASSAGE_TOKENS = 490;
const PASSAGES = 4;

export const rag: Preset = {
  name: "rag",
  doc: "2,000-token prompts that are never the same, with short answers",
  users: [1, 2, 4, 8],
  warmupMs: 20_000,
  durationMs: 120_000,
  thinkMs: 2000,
  answerTokens: 48,
  conversation: ({ random, wordsPerToken }) =>
    independentQuestions(() => {
      const passages = Array.from(
        { length: PASSAGES },
        (_, index) => `[${index + 1}] ${prose(PASSAGE_TOKENS, wordsPerToken, random)}.`,
      );
      const question = `${prose(16, wordsPerToken, random)}?`;
      return [
        { role: "system", content: INSTRUCTION },
        { role: "user", content: [...passages, question].join("\n\n") },
      ];
    }),
};
