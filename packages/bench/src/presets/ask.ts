import { independentQuestions, type Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const PROMPT_TOKENS = 50;
const LEAST_ANSWER = 20;
const MOST_ANSWER = 77;

/** Prompts that nobody has asked before: what a server reads, and not what it remembers. */
export const ask: Preset = {
  name: "ask",
  doc: "prompts of about 60 tokens that are never the same, with answers of 20 to 77 tokens",
  users: [1, 2, 4, 8, 12, 16, 20],
  warmupMs: 20_000,
  durationMs: 90_000,
  thinkMs: 0,
  answerTokens: (LEAST_ANSWER + MOST_ANSWER) / 2,
  answerSpread: (MOST_ANSWER - LEAST_ANSWER) / (MOST_ANSWER + LEAST_ANSWER),
  isFixedLength: true,
  // The chat template and the two words add about ten tokens.
  conversation: ({ random, wordsPerToken }) =>
    independentQuestions(() => ({
      messages: [{ role: "user", content: `Explain: ${prose(PROMPT_TOKENS, wordsPerToken, random)}?` }],
    })),
};
