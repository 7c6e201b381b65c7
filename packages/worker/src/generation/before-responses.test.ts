import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byteModel, byteVocabulary } from "../test-support/byte-vocabulary.ts";
import { promptParts } from "../test-support/prompt-parts.ts";
import { tokensBeforeResponses } from "./before-responses.ts";
import { type ChatPromptInput, ChatPrompts } from "./prompt/chat-prompt.ts";

const TEMPLATE = "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] }}{% endfor %}{{ '<assistant>' }}";
const prompts = new ChatPrompts({ ...byteModel, chatTemplate: TEMPLATE }, promptParts(byteVocabulary), assert.fail);

const chat = (messages: ChatPromptInput["messages"]): ChatPromptInput => ({
  messages,
  tools: [],
  templateArguments: {},
  mayThink: true,
  limit: { contextTokens: 1000, outputTokens: 1, param: "messages" },
});

describe("the tokens before a chat's first response", () => {
  it("are those of all messages before it, and none are known where there is no response", async () => {
    const question = { role: "user", content: "hi" } as const;
    const response = { role: "assistant", content: "Hello.", toolCalls: [] } as const;
    const input = chat([question, response, question]);
    const { tokens } = await prompts.build(input);
    const count = await tokensBeforeResponses(prompts, input, tokens);
    const head = await prompts.build(chat([question]));
    assert.equal(count, head.tokens.length);
    assert.ok((count ?? 0) < tokens.length);
    assert.equal(await tokensBeforeResponses(prompts, chat([question]), head.tokens), undefined);
  });
});
