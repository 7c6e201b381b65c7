import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestError } from "../../errors.ts";
import { byteModel, byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { promptParts } from "../../test-support/prompt-parts.ts";
import type { ChatMessage } from "./chat-message.ts";
import { type ChatPromptInput, ChatPrompts } from "./chat-prompt.ts";

const USER: ChatMessage = { role: "user", content: "hi" };
const MILLION = 1_000_000;

const input = (more: Partial<ChatPromptInput>, contextTokens = 4096): ChatPromptInput => ({
  messages: [USER],
  tools: [],
  templateArguments: {},
  mayThink: true,
  limit: { contextTokens, outputTokens: 1, param: "messages" },
  ...more,
});
const call = (text: string) => ({ id: "1", name: "f", arguments: text });
const calls = (...texts: readonly string[]): readonly ChatMessage[] => [
  USER,
  { role: "assistant", content: "", toolCalls: texts.map(call) },
];

const marks = (count: number): Partial<ChatPromptInput> => ({
  messages: [{ role: "user", content: "<think>".repeat(count) }],
});

describe("A chat that costs more than it says", () => {
  const prompts = new ChatPrompts(byteModel, promptParts(byteVocabulary), assert.fail);
  const refuses = (more: Partial<ChatPromptInput>, reason: string, contextTokens?: number) =>
    assert.rejects(
      prompts.refuseCostly(input(more, contextTokens)),
      (error) => error instanceof RequestError && error.refusal.reason === reason,
    );

  it("is refused where it can't fit, whichever of its parts is too long", async () => {
    const long = "x".repeat(10 * MILLION);
    const parts: readonly Partial<ChatPromptInput>[] = [
      { messages: [{ role: "user", content: long }] },
      { messages: calls(long) },
      { tools: [{ name: "t", description: long, parameters: {} }] },
      { tools: [{ name: "t", parameters: { properties: { [long]: {} } } }] },
      { templateArguments: { documents: [{ text: long }] } },
      { prefill: long },
      { messages: Array.from({ length: 5000 }, () => USER) },
      { messages: calls(...Array.from({ length: 5000 }, () => "{}")) },
    ];
    for (const part of parts) await refuses(part, "context_length_exceeded");
  });

  it("is refused for its marks, which are two tokens at least", async () => {
    await refuses(marks(4096), "context_length_exceeded");
    await prompts.refuseCostly(input(marks(100)));
  });

  it("is refused for what hides in the arguments of earlier calls, even behind a text that does not end", async () => {
    const most = 100 * MILLION;
    await refuses({ messages: calls(`[${"0,".repeat(MILLION)}0]`) }, "too_many_values", most);
    await refuses({ messages: calls('"', `[${"0,".repeat(MILLION)}0]`) }, "too_many_values", most);
    const some = `[${"0,".repeat(100_000)}0]`;
    await refuses({ messages: calls(some, some, some) }, "too_many_values", most);
    await refuses({ messages: calls("[".repeat(MILLION)) }, "nested_too_deep", most);
    await prompts.refuseCostly(input({ messages: calls(some, JSON.stringify({ a: "[[{,".repeat(MILLION) })) }, most));
  });
});
