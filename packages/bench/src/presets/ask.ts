import { independentQuestions, type Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const PROMPT_TOKENS = 50;
const LEAST_RESPONSE = 20;
const MOST_RESPONSE = 77;

/** Prompts that nobody has asked before: what a server reads, and not what it remembers. */
export const ask: Preset = {
  name: "ask",
  doc: "prompts of about 60 tokens that are never the same, with responses of 20 to 77 tokens",
  users: [1, 2, 4, 8, 12, 16, 20],
  warmupMs: 20_000,
  durationMs: 90_000,
  thinkMs: 0,
  responseTokens: (LEAST_RESPONSE + MOST_RESPONSE) / 2,
  responseSpread: (MOST_RESPONSE - LEAST_RESPONSE) / (MOST_RESPONSE + LEAST_RESPONSE),
  isFixedLength: true,
  // The chat template and the two words add about ten tokens.
  conversation: ({ random, wordsPerToken }) =>
    independentQuestions(() => ({
      messages: [{ role: "user", content: `Explain: ${prose(PROMPT_TOKENS, wordsPerToken, random)}?` }],
    })),
};
