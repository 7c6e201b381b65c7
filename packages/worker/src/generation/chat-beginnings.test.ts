import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byteModel, byteVocabulary } from "../test-support/byte-vocabulary.ts";
import { promptParts } from "../test-support/prompt-parts.ts";
import { expectedPromptTokens, tokensBeforeResponses } from "./chat-beginnings.ts";
import { type ChatPromptInput, ChatPrompts } from "./prompt/chat-prompt.ts";

/** In the way of DeepSeek-R1: thoughts of earlier turns are cut off, and the prompt opens the next ones. */
const R1 =
  "{% for m in messages %}{% if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{% else %}" +
  "{{ '<｜Assistant｜>' + m['content'].split('</think>')[-1] }}{% endif %}{% endfor %}{{ '<｜Assistant｜><think>\\n' }}";

const chat = (messages: ChatPromptInput["messages"]): ChatPromptInput => ({
  messages,
  tools: [],
  templateArguments: {},
  mayThink: true,
  limit: { contextTokens: 150, outputTokens: 1, param: "messages" },
});
const input = chat([{ role: "user", content: "hi" }]);

function promptsOf(chatTemplate: string | undefined): ChatPrompts {
  const model = { ...byteModel, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  return new ChatPrompts(model, promptParts(byteVocabulary), assert.fail);
}

describe("what a chat's next turn begins with", () => {
  it("is the response as the template writes it for a turn that has passed, up to the user's words", async () => {
    for (const template of [undefined, R1]) {
      const prompts = promptsOf(template);
      const ahead = await expectedPromptTokens(prompts, input, "Hello there.");
      const messages = [
        ...input.messages,
        { role: "assistant", content: "Hello there.", toolCalls: [] } as const,
        { role: "user", content: "zebra" } as const,
      ];
      const { tokens } = await prompts.build({ ...input, messages });
      const { tokens: other } = await prompts.build({
        ...input,
        messages: [...messages.slice(0, -1), { role: "user", content: "x" }],
      });
      assert.deepEqual(tokens.slice(0, ahead.length), ahead);
      assert.notEqual(tokens[ahead.length], other[ahead.length]);
    }
  });

  it("is nothing where the next turn would not fit", async () => {
    assert.deepEqual(await expectedPromptTokens(promptsOf(undefined), input, "x".repeat(200)), []);
  });
});

describe("the tokens before a chat's first response", () => {
  it("are those of all messages before it, and none are known where there is no response", async () => {
    const question = { role: "user", content: "hi" } as const;
    const response = { role: "assistant", content: "Hello.", toolCalls: [] } as const;
    const prompts = promptsOf(undefined);
    const input = chat([question, response, question]);
    const { tokens } = await prompts.build(input);
    const count = await tokensBeforeResponses(prompts, input, tokens);
    const head = await prompts.build(chat([question]));
    assert.equal(count, head.tokens.length);
    assert.ok((count ?? 0) < tokens.length);
    assert.equal(await tokensBeforeResponses(prompts, chat([question]), head.tokens), undefined);
  });
});
