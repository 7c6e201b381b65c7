import { pick } from "../random.ts";
import { independentQuestions, type Preset } from "./preset.ts";

const TASKS: [string, ...string[]] = [
  "Write a TypeScript function that merges overlapping intervals.",
  "Write a Python class for a least-recently-used cache with tests.",
  "Write a Bash script that rotates log files and keeps seven of them.",
  "Write a SQL query for each customer's three latest orders.",
  "Write a Rust function that parses a duration such as 1h30m.",
];

export const code: Preset = {
  name: "code",
  doc: "short prompts with long responses",
  users: [1, 2, 4, 8, 12, 16],
  warmupMs: 30_000,
  durationMs: 120_000,
  thinkMs: 1000,
  responseTokens: 512,
  conversation: ({ random }) =>
    independentQuestions(() => ({ messages: [{ role: "user", content: pick(TASKS, random) }] })),
};
