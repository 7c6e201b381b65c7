import { longPrompt } from "./long-prompt.ts";
import { independentQuestions, type Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const PROMPT_TOKENS = 50;
const LONG_PROMPTS = "long prompts";
const LONG_RESPONSE_TOKENS = 24;

/** Who reads a running response must not notice that somebody else has sent a long text. */
export const mixed: Preset = {
  name: "mixed",
  doc: "long responses that run all the time, and beside them a 2,000-token prompt every 20 s",
  users: [4, 8],
  warmupMs: 20_000,
  durationMs: 180_000,
  thinkMs: 0,
  responseTokens: 192,
  isFixedLength: true,
  countedKind: LONG_PROMPTS,
  leastContextTokens: 2304,
  conversation: ({ random, wordsPerToken }) =>
    independentQuestions(() => ({
      kind: "streams",
      messages: [{ role: "user", content: `Explain: ${prose(PROMPT_TOKENS, wordsPerToken, random)}?` }],
    })),
  beside: {
    everyMs: 20_000,
    conversation: (context) =>
      independentQuestions(() => ({
        kind: LONG_PROMPTS,
        messages: longPrompt(context),
        responseTokens: LONG_RESPONSE_TOKENS,
      })),
  },
};
