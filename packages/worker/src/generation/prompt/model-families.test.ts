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
import { HarmonyText } from "../output/harmony-text.ts";
import type { SchemaType } from "../../json-schema/schema.ts";
import { OutputParser } from "../output/output-parser.ts";
import type { ReasoningStart } from "../output/reasoning.ts";
import { ToolCallParser } from "../output/tool-calls.ts";
import type { ChatMessage, ToolDefinition } from "./chat-message.ts";
import { ChatPrompts } from "./chat-prompt.ts";
import type { ToolFormat } from "../output/tool-calls.ts";

/** What is hard to write without quotes: a number that is a text, and the ends of calls inside of a text. */
const ARGS = { city: "北京", code: "12", days: 2, list: ["a", 1], note: 'a "b"\n</function>\n</tool_call> c' };
/** As a client sends them, and as templates write them. */
const SENT = JSON.stringify(ARGS);
const DUMPED = SENT.replaceAll(/([:,])(?=["\d[])/gu, "$1 ");

const TOOLS: readonly ToolDefinition[] = [
  {
    name: "weather",
    description: "Tells it.",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string" },
        code: { type: "string" },
        days: { type: "integer" },
        list: { type: "array" },
        note: { type: "string" },
      },
      required: ["city"],
    },
    strict: true,
    param: "tools[0].input_schema",
  },
  { name: "now", parameters: { type: "object", properties: {} } },
];

const CHAT: readonly ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Well?" },
  {
    role: "assistant",
    content: "",
    reasoning: "Hm.",
    toolCalls: [
      { id: "call_0123456789", name: "weather", arguments: SENT },
      { id: "toolu_9876543210", name: "now", arguments: "{}" },
    ],
  },
  { role: "tool", toolCallId: "call_0123456789", content: "7" },
  { role: "tool", toolCallId: "toolu_9876543210", content: "noon" },
];

const element = (open: (name: string) => string, close: string) =>
  Object.entries(ARGS)
    .map(([name, value]) => open(name) + (typeof value === "string" ? value : DUMPED_VALUES[name]) + close)
    .join("");
const DUMPED_VALUES: Readonly<Record<string, string>> = { days: "2", list: '["a", 1]' };

const FUNCTIONS =
  `<tool_call>\n<function=weather>\n${element((name) => `<parameter=${name}>\n`, "\n</parameter>\n")}</function>\n</tool_call>\n` +
  "<tool_call>\n<function=now>\n</function>\n</tool_call>";
const RESPONSES =
  "<|im_end|>\n<|im_start|>user\n<tool_response>\n7\n</tool_response>\n<tool_response>\nnoon\n</tool_response><|im_end|>\n<|im_start|>assistant\n";
const ASKED = "<|im_start|>user\nWell?<|im_end|>\n<|im_start|>assistant\n";
const HEAD = (role: string) => `<|start_header_id|>${role}<|end_header_id|>\n\n`;
const OBJECTS =
  `<tool_call>\n{"name": "weather", "arguments": ${SENT}}\n</tool_call>\n` +
  '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>';
const KEYS =
  `<tool_call>weather\n${element((name) => `<arg_key>${name}</arg_key>\n<arg_value>`, "</arg_value>\n")}</tool_call>\n` +
  "<tool_call>now\n</tool_call>";
const INVOKES =
  `<minimax:tool_call>\n<invoke name="weather">${element((name) => `\n<parameter name="${name}">`, "</parameter>")}\n</invoke>\n` +
  '<invoke name="now">\n</invoke>\n</minimax:tool_call>';
const FENCES =
  `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n\`\`\`json\n${SENT}\n\`\`\`<｜tool▁call▁end｜>\n` +
  "<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
const [FIRST_ID, SECOND_ID] = ["ab14600fc", "35b522c0f"];

interface Family {
  readonly template: string;
  readonly format: ToolFormat;
  /** How a tool is described. */
  readonly described: string;
  /** The prompt from the user's question on. */
  readonly prompt: string;
  /** What the model writes when it makes the same calls. */
  readonly written: string;
  /** It makes one call at a time. */
  readonly first?: true;
}

const TOOL_JSON =
  '{"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}';

const FAMILIES: Readonly<Record<string, Family>> = {
  "Hermes and Qwen 3": {
    template: HERMES,
    format: "hermes",
    described: TOOL_JSON,
    prompt: ASKED + OBJECTS + RESPONSES,
    written: OBJECTS,
  },
  "Qwen3-Coder": {
    template: QWEN3_CODER,
    format: "qwen-coder",
    described: "<name>weather</name>\n<parameters>\n<parameter>\n<name>city</name>\n<type>string</type>",
    prompt: ASKED + FUNCTIONS + RESPONSES,
    written: FUNCTIONS,
  },
  "Qwen 3.5": {
    template: QWEN35,
    format: "qwen-coder",
    described: TOOL_JSON,
    prompt: `${ASKED}<think>\nHm.\n</think>\n\n${FUNCTIONS}${RESPONSES}<think>\n`,
    written: `Hm.\n</think>\n\n${FUNCTIONS}`,
  },
  "GLM-4.5": {
    template: GLM,
    format: "glm",
    described: TOOL_JSON,
    prompt:
      `<|user|>\nWell?<|assistant|>\n<think>Hm.</think>\n${KEYS}<|observation|>\n<tool_response>\n7\n</tool_response>\n` +
      "<tool_response>\nnoon\n</tool_response><|assistant|>",
    written: `\n<think>Hm.</think>\n${KEYS}`,
  },
  "MiniMax-M2": {
    template: MINIMAX,
    format: "minimax",
    described: '<tool>{"name": "weather", "description": "Tells it."',
    prompt:
      `]~b]user\nWell?[e~[\n]~b]ai\n<think>\nHm.\n</think>\n\n\n${INVOKES}[e~[\n` +
      "]~b]tool\n<response>7</response>\n<response>noon</response>[e~[\n]~b]ai\n<think>\n",
    written: `Hm.\n</think>\n\n${INVOKES}`,
  },
  "gpt-oss": {
    template: HARMONY,
    format: "harmony",
    described: 'type weather = (_: {"city": {"type": "string"}',
    prompt:
      "<|start|>user<|message|>Well?<|end|><|start|>assistant<|channel|>analysis<|message|>Hm.<|end|>" +
      `<|start|>assistant to=functions.weather<|channel|>commentary json<|message|>${DUMPED}<|call|>` +
      '<|start|>functions.weather to=assistant<|channel|>commentary<|message|>"7"<|end|>' +
      "<|start|>assistant to=functions.now<|channel|>commentary json<|message|>{}<|call|>" +
      '<|start|>functions.now to=assistant<|channel|>commentary<|message|>"noon"<|end|><|start|>assistant',
    written: `<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>${DUMPED}`,
    first: true,
  },
  "Llama 3": {
    template: LLAMA3,
    format: "llama3",
    described: '"name": "weather",\n        "description": "Tells it."',
    prompt:
      `Well?<|eot_id|>${HEAD("assistant")}{"name": "weather", "parameters": ${DUMPED}}<|eot_id|>${HEAD("ipython")}"7"<|eot_id|>` +
      `${HEAD("assistant")}{"name": "now", "parameters": {}}<|eot_id|>${HEAD("ipython")}"noon"<|eot_id|>${HEAD("assistant")}`,
    written: `{"name": "weather", "parameters": ${DUMPED}}`,
    first: true,
  },
  "DeepSeek V3": {
    template: DEEPSEEK,
    format: "deepseek",
    described: '### weather\n{"type": "object", "properties": {"city": {"type": "string"}',
    prompt:
      `<｜User｜>Well?<｜Assistant｜>${FENCES}<｜end▁of▁sentence｜><｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>7<｜tool▁output▁end｜>` +
      "<｜tool▁output▁begin｜>noon<｜tool▁output▁end｜><｜tool▁outputs▁end｜><｜Assistant｜>",
    written: FENCES,
  },
  "Mistral Nemo": {
    template: MISTRAL_LIST,
    format: "mistral-list",
    described: TOOL_JSON,
    prompt:
      `[INST] Be brief.\n\nWell?[/INST][TOOL_CALLS] [{"name": "weather", "arguments": ${DUMPED}, "id": "${FIRST_ID}"}, {"name": "now", "arguments": {}, "id": "${SECOND_ID}"}]<|end|>` +
      `[TOOL_RESULTS] {"content": 7, "call_id": "${FIRST_ID}"}[/TOOL_RESULTS][TOOL_RESULTS] {"content": noon, "call_id": "${SECOND_ID}"}[/TOOL_RESULTS]`,
    written: `[TOOL_CALLS] [{"name": "weather", "arguments": ${DUMPED}, "id": "${FIRST_ID}"}, {"name": "now", "arguments": {}, "id": "${SECOND_ID}"}]`,
  },
  "Mistral Small 3.2": {
    template: MISTRAL_NAMED,
    format: "mistral",
    described: TOOL_JSON,
    prompt:
      `[INST]Well?[/INST][TOOL_CALLS]weather[CALL_ID]${FIRST_ID}[ARGS]${SENT}[TOOL_CALLS]now[CALL_ID]${SECOND_ID}[ARGS]{}<|end|>` +
      `[TOOL_RESULTS]${FIRST_ID}[TOOL_CONTENT]7[/TOOL_RESULTS][TOOL_RESULTS]${SECOND_ID}[TOOL_CONTENT]noon[/TOOL_RESULTS]`,
    written: `[TOOL_CALLS]weather[CALL_ID]${FIRST_ID}[ARGS]${SENT}[TOOL_CALLS]now[CALL_ID]${SECOND_ID}[ARGS]{}`,
  },
};

describe("the templates of the families that call tools", () => {
  for (const [name, family] of Object.entries(FAMILIES)) {
    it(`${name}: tools, two calls and their results are written, and the same calls are read a character at a time`, async () => {
      const prompts = new ChatPrompts(
        { ...byteModel, chatTemplate: family.template },
        promptParts(byteVocabulary),
        assert.fail,
      );
      assert.equal(prompts.template.toolFormat, family.format);
      const { text, reasoning } = await build(prompts);
      assert.ok(text.includes("Be brief."), text);
      assert.ok(text.includes(family.described), `${family.described}\n${text}`);
      assert.ok(!text.includes("input_schema") && !text.includes("strict"), text);
      assert.equal(text.slice(text.indexOf(family.prompt.slice(0, 12), text.indexOf("now"))), family.prompt);
      const calls = [["weather", ARGS], ...(family.first === true ? [] : [["now", {}]])];
      assert.deepEqual(read(family, reasoning), {
        reasoning: family.written.includes("Hm.") ? "Hm." : "",
        content: "",
        calls,
      });
    });
  }
});

async function build(prompts: ChatPrompts) {
  const limit = { contextTokens: 8192, outputTokens: 1, param: "messages" } as const;
  const prompt = await prompts.build({ messages: CHAT, tools: TOOLS, templateArguments: {}, mayThink: true, limit });
  const bytes = prompt.tokens.map((token) => byteVocabulary.tokenBytes(token, "control"));
  return { ...prompt, text: Buffer.concat(bytes).toString("utf8") };
}

function typesOf(_: string, argument: string): readonly SchemaType[] {
  return argument === "days" ? ["integer"] : argument === "list" ? ["array"] : ["string"];
}

function read({ format, written }: Family, reasoning: ReasoningStart) {
  const parser = new OutputParser({
    reasoning,
    stops: [],
    keepTokens: false,
    keepContent: false,
    toolCalls: new ToolCallParser(format, new Set(["weather", "now"]), () => "id", typesOf),
    ...(format === "harmony" ? { harmony: new HarmonyText(false) } : {}),
  });
  const pieces = Array.from(written).flatMap((char) => parser.push({ token: 1 }, Buffer.from(char)).pieces);
  pieces.push(...parser.flush().pieces);
  const textOf = (kind: string) =>
    pieces.map((piece) => (piece.kind === kind && "text" in piece ? piece.text : "")).join("");
  const calls = pieces
    .flatMap((piece) => (piece.kind === "tool-call" ? [piece] : []))
    .map(({ name, index }) => {
      const args = pieces.map((piece) => (piece.kind === "tool-arguments" && piece.index === index ? piece.text : ""));
      return [name, JSON.parse(args.join("")) as unknown];
    });
  return { reasoning: textOf("reasoning"), content: textOf("content"), calls };
}
