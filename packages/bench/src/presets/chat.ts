import type { ChatMessage } from "../client/exchange.ts";
import type { Preset } from "./preset.ts";
import { prose } from "./prose.ts";

const TURNS = 8;
const TURN_TOKENS = 40;

export const chat: Preset = {
  name: "chat",
  doc: "chats of 8 turns whose history grows with every response, then a new one",
  users: [1, 2, 4, 8, 12, 16],
  warmupMs: 20_000,
  durationMs: 90_000,
  thinkMs: 2000,
  responseTokens: 96,
  leastContextTokens: 1536,
  conversation({ random, wordsPerToken }) {
    let history: ChatMessage[] = [];
    let turns = 0;
    return {
      next() {
        if (turns === TURNS) {
          history = [];
          turns = 0;
        }
        turns += 1;
        // A failed question has no response; two questions in a row would break chat templates.
        if (history.at(-1)?.role === "user") history.pop();
        history.push({ role: "user", content: `${prose(TURN_TOKENS, wordsPerToken, random)}?` });
        return { messages: [...history], kind: turns === 1 ? "first turns" : `turns 2 to ${TURNS}` };
      },
      responded(text) {
        history.push({ role: "assistant", content: text });
      },
    };
  },
};
