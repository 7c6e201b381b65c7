import { independentQuestions, type Preset } from "./preset.ts";
import { longPrompt } from "./long-prompt.ts";

export const rag: Preset = {
  name: "rag",
  doc: "2,000-token prompts that are never the same, with short responses",
  users: [1, 2, 4, 8],
  warmupMs: 20_000,
  durationMs: 120_000,
  thinkMs: 2000,
  responseTokens: 48,
  leastContextTokens: 2304,
  conversation: (context) => independentQuestions(() => ({ messages: longPrompt(context) })),
};
