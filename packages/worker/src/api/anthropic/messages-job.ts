import { badField } from "../../errors.ts";
import type { AnswerFormat, ToolChoice } from "../../generation/answer-grammar.ts";
import type { ChatJob } from "../../generation/chat-answers.ts";
import type { ChatMessage, ToolDefinition } from "../../generation/prompt/chat-message.ts";
import type { CountTokensRequest, MessagesRequest } from "./messages-schema.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import type { Serving } from "../serving.ts";

type MessageBody = CountTokensRequest["messages"][number];

/** A body of Anthropic's messages API as a job. Without `thinking` the model does not think, as there. */
export function messagesJobOf(serving: Serving, body: CountTokensRequest & Partial<MessagesRequest>): ChatJob {
  const system: ChatMessage[] = typeof body.system === "string" ? [{ role: "system", content: body.system }] : [];
  const last = body.messages.at(-1);
  const prefill = last?.role === "assistant" ? textOfAnswer(last) : undefined;
  const turns = prefill === undefined ? body.messages : body.messages.slice(0, -1);
  const tools = toolsOf(body);
  const answerFormat = answerFormatOf(body);
  return {
    messages: [...system, ...turns.flatMap(chatMessagesOf)],
    messagesParam: "messages",
    ...(prefill === undefined ? {} : { prefill }),
    tools,
    toolChoice: toolChoiceOf(body, tools),
    parallelToolCalls: !(
      body.tool_choice !== null &&
      body.tool_choice !== undefined &&
      "disable_parallel_tool_use" in body.tool_choice &&
      body.tool_choice.disable_parallel_tool_use === true
    ),
    templateArguments: {},
    extractReasoning: true,
    ...thinkingOf(body),
    sampling: samplingOf(body, serving.model.vocabularySize, serving.randomSeed()),
    stops: body.stop_sequences ?? [],
    cachePrompt: true,
    ignoreEndOfText: false,
    ...(body.max_tokens === undefined ? {} : { maxTokens: body.max_tokens }),
    ...(answerFormat === undefined ? {} : { answerFormat }),
  };
}

function thinkingOf({ thinking }: CountTokensRequest): Pick<ChatJob, "thinkingBudget"> {
  if (thinking?.type === "adaptive") return {};
  return { thinkingBudget: thinking?.type === "enabled" ? thinking.budget_tokens : 0 };
}

/** A user's message may carry the results of several tools, which are messages of their own for templates. */
function chatMessagesOf(body: MessageBody): ChatMessage[] {
  if (body.role === "assistant") return [assistantMessageOf(body)];
  if (typeof body.content === "string") return [{ role: "user", content: body.content }];
  const results = body.content.flatMap((block): ChatMessage[] => {
    if (!("tool_use_id" in block)) return [];
    const content = `${block.is_error === true ? "Error: " : ""}${block.content ?? ""}`;
    return [{ role: "tool", content, toolCallId: block.tool_use_id }];
  });
  const texts = body.content.flatMap((block) => ("text" in block ? [block.text] : []));
  return texts.length === 0 ? results : [...results, { role: "user", content: texts.join("") }];
}

function assistantMessageOf(body: Extract<MessageBody, { role: "assistant" }>): ChatMessage {
  if (typeof body.content === "string") return { role: "assistant", content: body.content, toolCalls: [] };
  const blocks = body.content;
  const reasoning = blocks.flatMap((block) => ("thinking" in block ? [block.thinking] : [])).join("");
  return {
    role: "assistant",
    content: blocks.flatMap((block) => ("text" in block ? [block.text] : [])).join(""),
    toolCalls: blocks.flatMap((block) =>
      "input" in block ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }] : [],
    ),
    ...(reasoning === "" ? {} : { reasoning }),
  };
}

/** The text that the answer goes on from, where the last message is the assistant's own. */
function textOfAnswer(body: Extract<MessageBody, { role: "assistant" }>): string | undefined {
  if (typeof body.content === "string") return body.content;
  if (body.content.some((block) => "input" in block)) return undefined;
  return body.content.flatMap((block) => ("text" in block ? [block.text] : [])).join("");
}

function answerFormatOf(body: Partial<MessagesRequest>): AnswerFormat | undefined {
  const format = body.output_config?.format;
  if (format) return { schema: format.schema, param: "output_config.format.schema" };
  return body.output_format ? { schema: body.output_format.schema, param: "output_format.schema" } : undefined;
}

function toolsOf(body: CountTokensRequest): ToolDefinition[] {
  return (body.tools ?? []).map(({ name, description, input_schema: parameters }) => ({
    name,
    parameters,
    ...(typeof description === "string" ? { description } : {}),
  }));
}

function toolChoiceOf(body: CountTokensRequest, tools: readonly ToolDefinition[]): ToolChoice {
  const choice = body.tool_choice;
  if (choice === null || choice === undefined || choice.type === "auto") return "auto";
  if (choice.type === "none") return "none";
  if (tools.length === 0) throw badField("tool_choice", "Invalid 'tool_choice': it is allowed only with 'tools'.");
  if (choice.type !== "tool") return "required";
  if (tools.some((tool) => tool.name === choice.name)) return { name: choice.name };
  throw badField("tool_choice.name", `Invalid 'tool_choice.name': no tool named '${choice.name}' is in 'tools'.`);
}
