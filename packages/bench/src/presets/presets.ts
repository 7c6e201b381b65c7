import { nearest } from "@drover/config";
import type { ChatMessage } from "../client/exchange.ts";
import { BenchError } from "../errors.ts";
import { pick, type Random, seededRandom } from "../random.ts";
import type { Conversation, Preset, PresetContext, Prompt } from "./preset.ts";

const WORDS =
  "the of and to in a river market engine valley report winter station number letter garden people water result order system value paper bridge morning machine city measure field teacher answer stone light history question window summer energy road village service doctor music forest".split(
    " ",
  ) as [string, ...string[]];

const REASONING_QUESTIONS: [string, ...string[]] = [
  "鸡兔同笼，共有35个头，94只脚，问鸡和兔各有多少只？请一步一步推理。",
  "判断 2027 是不是质数，并写出你的推理过程。",
  "写一个 Python 函数，输入一个整数列表，返回其中出现次数最多的元素，并解释思路。",
  "A cage holds chickens and rabbits: 50 heads and 140 feet. How many of each are there? Reason step by step.",
  "Is 1009 a prime number? Show how you decide.",
  "Write a Python function that returns the longest palindrome in a string, and explain how it works.",
];

const CODING_TASKS: [string, ...string[]] = [
  "Write a TypeScript function that merges overlapping intervals.",
  "Write a Python class for a least-recently-used cache with tests.",
  "Write a Bash script that rotates log files and keeps seven of them.",
  "Write a SQL query for each customer's three latest orders.",
  "Write a Rust function that parses a duration such as 1h30m.",
];

const LEAST_ASK_RESPONSE = 20;
const MOST_ASK_RESPONSE = 77;
const CHAT_TURNS = 8;
const LONG_PROMPTS = "long prompts";

const presets: readonly Preset[] = [
  {
    // The well-known small-team test: a minute of warm-up and two minutes of measurement for each number of users.
    name: "small-team",
    doc: "users who ask a reasoning question (Chinese and English), wait for the complete response, pause 5 s and ask again",
    users: [1, 2, 4, 8, 12, 16, 20],
    warmupMs: 60_000,
    durationMs: 120_000,
    thinkMs: 5000,
    responseTokens: 256,
    conversation: asking(({ random }) => pick(REASONING_QUESTIONS, random)),
  },
  {
    // What a server reads, and not what it remembers.
    name: "ask",
    doc: "prompts of about 60 tokens that are never the same, with responses of 20 to 77 tokens",
    users: [1, 2, 4, 8, 12, 16, 20],
    warmupMs: 20_000,
    durationMs: 90_000,
    thinkMs: 0,
    responseTokens: (LEAST_ASK_RESPONSE + MOST_ASK_RESPONSE) / 2,
    responseSpread: (MOST_ASK_RESPONSE - LEAST_ASK_RESPONSE) / (MOST_ASK_RESPONSE + LEAST_ASK_RESPONSE),
    isFixedLength: true,
    conversation: asking(newQuestion),
  },
  {
    name: "chat",
    doc: "chats of 8 turns whose history grows with every response, then a new one",
    users: [1, 2, 4, 8, 12, 16],
    warmupMs: 20_000,
    durationMs: 90_000,
    thinkMs: 2000,
    responseTokens: 96,
    leastContextTokens: 1536,
    conversation: growingChat,
  },
  {
    name: "rag",
    doc: "2,000-token prompts that are never the same, with short responses",
    users: [1, 2, 4, 8],
    warmupMs: 20_000,
    durationMs: 120_000,
    thinkMs: 2000,
    responseTokens: 48,
    leastContextTokens: 2304,
    conversation: independent((context) => ({ messages: longPrompt(context) })),
  },
  {
    // Who reads a running response must not notice that somebody else has sent a long text.
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
    conversation: independent((context) => ({ kind: "streams", messages: [fromUser(newQuestion(context))] })),
    beside: {
      everyMs: 20_000,
      conversation: independent((context) => ({
        kind: LONG_PROMPTS,
        messages: longPrompt(context),
        responseTokens: 24,
      })),
    },
  },
  {
    name: "code",
    doc: "short prompts with long responses",
    users: [1, 2, 4, 8, 12, 16],
    warmupMs: 30_000,
    durationMs: 120_000,
    thinkMs: 1000,
    responseTokens: 512,
    conversation: asking(({ random }) => pick(CODING_TASKS, random)),
  },
  {
    name: "shared-system",
    doc: "every request begins with the same 800-token system prompt, then a short question of its own",
    users: [1, 2, 4, 8, 12, 16],
    warmupMs: 20_000,
    durationMs: 90_000,
    thinkMs: 1000,
    responseTokens: 64,
    conversation(context) {
      // A source of its own, so that every user of every run has the same text.
      const content = prose(800, context.wordsPerToken, seededRandom(800));
      return independent(({ random, wordsPerToken }) => ({
        messages: [{ role: "system", content }, fromUser(`${prose(24, wordsPerToken, random)}?`)],
      }))(context);
    },
  },
];

/** Names for --preset. */
export const presetNames: readonly string[] = presets.map((preset) => preset.name);

/** @throws BenchError `bad_option` where there is no such preset. */
export function findPreset(name: string): Preset {
  const found = presets.find((preset) => preset.name === name);
  if (found !== undefined) return found;
  const guess = nearest(name, presetNames);
  const hint = guess === undefined ? "" : ` (did you mean ${guess}?)`;
  throw new BenchError("bad_option", `there is no preset "${name}"${hint}; there are ${presetNames.join(", ")}`);
}

/** Conversations whose prompts do not depend on the responses. */
function independent(prompt: (context: PresetContext) => Prompt): Preset["conversation"] {
  return (context) => ({ next: () => prompt(context), responded: () => {} });
}

function asking(question: (context: PresetContext) => string): Preset["conversation"] {
  return independent((context) => ({ messages: [fromUser(question(context))] }));
}

function fromUser(content: string): ChatMessage {
  return { role: "user", content };
}

/** 60 tokens: the chat template and the first word add about ten to these. */
function newQuestion({ random, wordsPerToken }: PresetContext): string {
  return `Explain: ${prose(50, wordsPerToken, random)}?`;
}

/** A question behind four passages that it is about: some 2,000 tokens, never twice the same. */
function longPrompt({ random, wordsPerToken }: PresetContext): readonly ChatMessage[] {
  const passages = [1, 2, 3, 4].map((number) => `[${number}] ${prose(490, wordsPerToken, random)}.`);
  const question = `${prose(16, wordsPerToken, random)}?`;
  const instruction = "Answer the question from the passages only.";
  return [{ role: "system", content: instruction }, fromUser([...passages, question].join("\n\n"))];
}

function growingChat({ random, wordsPerToken }: PresetContext): Conversation {
  let history: ChatMessage[] = [];
  let turns = 0;
  return {
    next() {
      if (turns === CHAT_TURNS) {
        history = [];
        turns = 0;
      }
      turns += 1;
      // A failed question has no response; two questions in a row would break chat templates.
      if (history.at(-1)?.role === "user") history.pop();
      history.push(fromUser(`${prose(40, wordsPerToken, random)}?`));
      return { messages: [...history], kind: turns === 1 ? "first turns" : `turns 2 to ${CHAT_TURNS}` };
    },
    responded(text) {
      history.push({ role: "assistant", content: text });
    },
  };
}

/** Words that make so many tokens, never the same twice: a cache of an earlier prompt must not help with this one. */
function prose(tokens: number, wordsPerToken: number, random: Random): string {
  const words: string[] = [];
  const count = Math.max(1, Math.round(tokens * wordsPerToken));
  for (let index = 0; index < count; index += 1) words.push(pick(WORDS, random));
  return words.join(" ");
}
