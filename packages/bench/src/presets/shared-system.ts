import { seededRandom } from "../random.ts";
import { independentQuestions, type Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const SYSTEM_TOKENS = 800;

export const sharedSystem: Preset = {
  name: "shared-system",
  doc: "every request begins with the same 800-token system prompt, then a short question of its own",
  users: [1, 2, 4, 8, 12, 16],
  warmupMs: 20_000,
  durationMs: 90_000,
  thinkMs: 1000,
  responseTokens: 64,
  conversation({ random, wordsPerToken }) {
    // Its own source, so that every user of every run has the same text.
    const system = prose(SYSTEM_TOKENS, wordsPerToken, seededRandom(800));
    return independentQuestions(() => ({
      messages: [
        { role: "system", content: system },
        { role: "user", content: `${prose(24, wordsPerToken, random)}?` },
      ],
    }));
  },
};
