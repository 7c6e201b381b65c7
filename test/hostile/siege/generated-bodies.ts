import type { Random } from "../../chaos/random.ts";

/** A body for a route, as its text. */
export interface GeneratedBody {
  readonly path: string;
  readonly text: string;
}

const chat = { messages: [{ role: "user", content: "hello" }], max_tokens: 4 };
const call = { id: "a", type: "function", function: { name: "f", arguments: '{"a":1}' } };
const called = [...chat.messages, { role: "assistant", content: null, tool_calls: [call] }];
const tool = { type: "function", function: { name: "f", parameters: { type: "object" } } };

/** Bodies that are right, to be spoilt. */
const sound: readonly (readonly [path: string, body: object])[] = [
  ["/v1/chat/completions", { ...chat, tools: [tool], tool_choice: "auto", n: 2, logit_bias: { "5": 1 }, stop: ["x"] }],
  ["/v1/chat/completions", { ...chat, stream: true, stream_options: { include_usage: true }, logprobs: true }],
  ["/v1/chat/completions", { ...chat, messages: [...called, { role: "tool", content: "b", tool_call_id: "a" }] }],
  ["/v1/completions", { prompt: ["a", "b"], max_tokens: 4, temperature: 0.7, seed: 1, echo: true }],
  ["/v1/embeddings", { input: ["a", "b"], encoding_format: "base64" }],
  ["/v1/messages", { model: "m", max_tokens: 4, system: "s", messages: [{ role: "user", content: "hi" }] }],
  ["/v1/responses", { input: [{ role: "user", content: "hi" }], max_output_tokens: 4 }],
  ["/completion", { prompt: "a", n_predict: 4, grammar: 'root ::= "a"*', samplers: ["top_k"] }],
  ["/api/chat", { model: "m", messages: [{ role: "user", content: "hi" }], options: { num_predict: 4 } }],
  ["/tokenize", { content: "a b", with_pieces: true }],
  ["/api/embed", { input: ["a", "b"] }],
  ["/embedding", { content: "a" }],
  ["/detokenize", { tokens: [1, 2, 3] }],
  ["/apply-template", chat],
];

const unit = [
  "-",
  "|---",
  "ACGT",
  "汉",
  "\u0000",
  "\u202e",
  "<|im_end|>",
  "<think>",
  "a ",
  "[",
  '{"a":',
  "\\",
  "\ud800",
];

/** A body that is wrong, large, deep or odd in one to three places. */
export function generateBody(random: Random): GeneratedBody {
  const [path, body] = random.pick(sound);
  let value: unknown = structuredClone(body);
  for (let change = random.between(1, 3); change > 0; change -= 1) value = spoil(value, random);
  return { path, text: spoilText(JSON.stringify(value) ?? "", random) };
}

/** Somewhere in the value, something else. */
function spoil(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.next() < 0.2) return oddValue(random, 2);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.length === 0 || random.next() < 0.3) return [...items, oddValue(random, 2)];
    const at = random.between(0, items.length - 1);
    return items.map((item, index) => (index === at ? spoil(item, random) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.next() < 0.2)
    return { ...value, [random.pick(["__proto__", "constructor", "", "\u0000", "n"])]: oddValue(random, 2) };
  const [name] = random.pick(entries);
  return Object.fromEntries(entries.map(([key, item]) => [key, key === name ? spoil(item, random) : item]));
}

function oddValue(random: Random, depth: number): unknown {
  const kinds: readonly (() => unknown)[] = [
    () => random.pick([null, true, -1, 0, 1e308, -0, 2 ** 53, 0.1, 128, 4_294_967_295]),
    () => longText(random),
    () => random.pick(["", "\ud800", "NaN", "-1", "user", "\u0000"]),
    () => Array.from({ length: random.between(0, 20_000) }, () => 0),
    () =>
      depth === 0 ? {} : { type: oddValue(random, depth - 1), role: "user", content: oddValue(random, depth - 1) },
    () => (depth === 0 ? [] : [oddValue(random, depth - 1), oddValue(random, depth - 1)]),
  ];
  return random.pick(kinds)();
}

/** From one character to some hundred thousand of the same few. */
export function longText(random: Random): string {
  const text = random.pick(unit);
  return text.repeat(Math.ceil(10 ** (random.next() * 5.3) / text.length));
}

function spoilText(text: string, random: Random): string {
  if (random.next() < 0.8) return text;
  const at = random.between(0, text.length);
  const kinds = [
    () => text.slice(0, at),
    () => text.slice(0, at) + random.pick(unit) + text.slice(at),
    () => "[".repeat(random.between(1, 200_000)) + text,
    () => `${text}${text}`,
    () => text.replace(/\d+/, `1${"0".repeat(random.between(1, 5000))}`),
    () => " ".repeat(random.between(1, 1_000_000)) + text,
  ];
  return random.pick(kinds)();
}
