import { pick } from "../random.ts";
import { independentQuestions, type Preset } from "./preset.ts";

const QUESTIONS: [string, ...string[]] = [
  "鸡兔同笼，共有35个头，94只脚，问鸡和兔各有多少只？请一步一步推理。",
  "判断 2027 是不是质数，并写出你的推理过程。",
  "写一个 Python 函数，输入一个整数列表，返回其中出现次数最多的元素，并解释思路。",
  "A cage holds chickens and rabbits: 50 heads and 140 feet. How many of each are there? Reason step by step.",
  "Is 1009 a prime number? Show how you decide.",
  "Write a Python function that returns the longest palindrome in a string, and explain how it works.",
];

/**
 * The well-known small-team test: every user asks a reasoning question, waits for the complete response, pauses five seconds
 * and asks again; a minute of warm-up and two minutes of measurement for each number of users.
 */
export const smallTeam: Preset = {
  name: "small-team",
  doc: "users who ask a reasoning question (Chinese and English), wait for the complete response, pause 5 s and ask again",
  users: [1, 2, 4, 8, 12, 16, 20],
  warmupMs: 60_000,
  durationMs: 120_000,
  thinkMs: 5000,
  responseTokens: 256,
  conversation: ({ random }) =>
    independentQuestions(() => ({ messages: [{ role: "user", content: pick(QUESTIONS, random) }] })),
};
