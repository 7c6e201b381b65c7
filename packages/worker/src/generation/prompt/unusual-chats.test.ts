import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byteModel, byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { GLM, HERMES, MINIMAX, QWEN3_CODER, QWEN35 } from "../../test-support/family-templates.ts";
import {
  DEEPSEEK,
  HARMONY,
  LLAMA3,
  MISTRAL_LIST,
  MISTRAL_NAMED,
} from "../../test-support/family-templates-by-token.ts";
import { promptParts } from "../../test-support/prompt-parts.ts";
import type { ChatMessage, ToolDefinition } from "./chat-message.ts";
import { ChatPrompts } from "./chat-prompt.ts";

const TEMPLATES = {
  HERMES,
  QWEN3_CODER,
  QWEN35,
  GLM,
  MINIMAX,
  HARMONY,
  LLAMA3,
  DEEPSEEK,
  MISTRAL_LIST,
  MISTRAL_NAMED,
};

describe("a call whose arguments are no object", () => {
  for (const [name, template] of Object.entries(TEMPLATES)) {
    it(`is written as far as it goes, and the chat goes on (${name})`, async () => {
      assert.equal(await writeCall(template, ""), await writeCall(template, "{}"));
      await writeCall(template, "null");
      for (const broken of ['{"city": "Par', '["Paris"]', '"Paris"'])
        assert.match(await writeCall(template, broken), /Par/u);
    });
  }
});

/** As clients send them, in any order; each has texts that begin with T. */
const ORDERS: Readonly<Record<string, readonly ChatMessage[]>> = {
  "a system message behind the user's": [
    { role: "user", content: "T1" },
    { role: "system", content: "T2" },
    { role: "user", content: "T3" },
  ],
  "two messages of the user, and two of the assistant": [
    { role: "user", content: "T1" },
    { role: "user", content: "T2" },
    { role: "assistant", content: "T3", toolCalls: [] },
    { role: "assistant", content: "T4", toolCalls: [] },
    { role: "user", content: "T5" },
  ],
  "a greeting": [
    { role: "assistant", content: "T1", toolCalls: [] },
    { role: "user", content: "T2" },
  ],
  "a system message alone": [{ role: "system", content: "T1" }],
  "two system messages and a response": [
    { role: "system", content: "T1" },
    { role: "system", content: "T2" },
    { role: "assistant", content: "T3", toolCalls: [] },
  ],
  "a call and its result, of which nobody asked": [
    { role: "system", content: "T1" },
    { role: "assistant", content: "", toolCalls: [{ id: "call_0123456789", name: "now", arguments: "{}" }] },
    { role: "tool", toolCallId: "call_0123456789", content: "T2" },
  ],
  "a text of the user behind a result, and a call without one": [
    { role: "user", content: "T1" },
    { role: "assistant", content: "", toolCalls: [{ id: "call_0123456789", name: "now", arguments: "{}" }] },
    { role: "tool", toolCallId: "call_0123456789", content: "T2" },
    { role: "user", content: "T3" },
    { role: "assistant", content: "", toolCalls: [{ id: "call_1123456789", name: "now", arguments: "{}" }] },
    { role: "user", content: "T4" },
  ],
};

/** Roles must alternate, and no system message and no tools are known. */
const GEMMA =
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}" +
  "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}" +
  "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

describe("messages in an order that a template was not written for", () => {
  for (const [name, template] of Object.entries({ ...TEMPLATES, GEMMA })) {
    it(`all reach the model (${name})`, async () => {
      for (const [order, messages] of Object.entries(ORDERS)) {
        const text = await write(template, messages);
        for (const { content } of messages) assert.ok(text.includes(content), `${order}: ${content}\n${text}`);
      }
    });
  }
});

describe("a tool whose arguments have no type", () => {
  const properties = {
    maybe: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    one: { $ref: "#/$defs/one" },
    any: true,
    listed: { enum: ["a", 1] },
    null: { type: ["string", "null"], description: null },
  };
  const parameters = { type: "object", properties, $defs: { one: { type: "integer" } } };
  for (const [name, template] of Object.entries(TEMPLATES)) {
    it(`is told to the model (${name})`, async () => {
      const text = await write(template, [{ role: "user", content: "Well?" }], [{ name: "odd", parameters }]);
      for (const argument of Object.keys(properties)) assert.ok(text.includes(argument), text);
    });
  }
});

const NOW: ToolDefinition = { name: "now", parameters: { type: "object", properties: {} } };

async function writeCall(chatTemplate: string, args: string): Promise<string> {
  const call = { id: "call_0123456789", name: "now", arguments: args };
  return await write(chatTemplate, [
    { role: "user", content: "Well?" },
    { role: "assistant", content: "", toolCalls: [call] },
    { role: "tool", toolCallId: call.id, content: "It failed." },
  ]);
}

async function write(chatTemplate: string, messages: readonly ChatMessage[], tools = [NOW]): Promise<string> {
  const prompts = new ChatPrompts({ ...byteModel, chatTemplate }, promptParts(byteVocabulary), assert.fail);
  const limit = { contextTokens: 8192, outputTokens: 1, param: "messages" } as const;
  const { tokens } = await prompts.build({ messages, tools, templateArguments: {}, mayThink: true, limit });
  return Buffer.concat(tokens.map((token) => byteVocabulary.tokenBytes(token, "control"))).toString("utf8");
}
