import type { ContentFormat, ToolChoice } from "../../generation/output-grammar.ts";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { ChatMessage, ToolDefinition } from "../../generation/prompt/chat-message.ts";
import { type CountTokensRequest, textOfBlock, textOfSystem } from "./messages-schema.ts";
import { effortTokens } from "../generating/thinking.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import { foreignTools, toolChoiceOf, toolOf } from "../generating/tool-choice.ts";
import type { Serving } from "../serving.ts";

type MessageBody = CountTokensRequest["messages"][number];
type AssistantBody = Extract<MessageBody, { readonly role: "assistant" }>;

/** A body of Anthropic's messages API as a job. Without `thinking` the model does not think, as there. */
export function messagesJobOf(serving: Serving, body: CountTokensRequest): ChatJob {
  const system: ChatMessage[] =
    typeof body.system === "string" && body.system !== "" ? [{ role: "system", content: body.system }] : [];
  const last = body.messages.at(-1);
  const begun = last?.role === "assistant" ? assistantMessageOf(last) : undefined;
  // The text that the response goes on from.
  const prefill = begun?.toolCalls.length === 0 ? begun.content : undefined;
  const turns = prefill === undefined ? body.messages : body.messages.slice(0, -1);
  const tools = toolsOf(body);
  return {
    messages: [...system, ...turns.flatMap((turn, index) => (isCleared(turns, index) ? [] : chatMessagesOf(turn)))],
    messagesParam: "messages",
    prefill,
    tools,
    toolChoice: toolChoiceOf(wantedTool(body), tools, "tool_choice.name"),
    parallelToolCalls: !hasOneCall(body),
    templateArguments: {},
    extractReasoning: true,
    thinkingBudget: thinkingBudgetOf(body),
    sampling: samplingOf(body, serving.randomSeed()),
    stops: (body.stop_sequences ?? []).filter((stop) => stop !== ""),
    cachePrompt: true,
    ignoreEndOfText: false,
    ignored: [...newBlocks(body.messages), ...foreignTools(body.tools ?? [])],
    maxTokens: body.max_tokens ?? undefined,
    contentFormat: contentFormatOf(body),
  };
}

function newBlocks(messages: readonly MessageBody[]): readonly string[] {
  return messages.flatMap(({ content }, index) =>
    Array.isArray(content)
      ? content.flatMap(({ type }, at) => (type === "new" ? [`messages[${index}].content[${at}]`] : []))
      : [],
  );
}

/** A system message that is for the turn before it alone. */
function isCleared(turns: readonly MessageBody[], index: number): boolean {
  const turn = turns[index];
  if (turn?.role !== "system" || turn.clear_at !== "next_user_message") return false;
  return turns.slice(index + 1).some(({ role }) => role === "user");
}

function hasOneCall({ tool_choice: choice }: CountTokensRequest): boolean {
  return Boolean(choice && "disable_parallel_tool_use" in choice && choice.disable_parallel_tool_use === true);
}

function thinkingBudgetOf({ thinking, output_config: output, messages }: CountTokensRequest): number | undefined {
  if (thinking?.type === "enabled" && typeof thinking.budget_tokens === "number") return thinking.budget_tokens;
  const isFree =
    thinking?.type === "between_tools"
      ? bringsResults(messages.findLast(({ role }) => role === "user"))
      : thinking?.type !== "disabled";
  return thinking && isFree ? effortTokens(output?.effort) : 0;
}

function bringsResults(message: MessageBody | undefined): boolean {
  return Array.isArray(message?.content) && message.content.some(({ type }) => type === "tool_result");
}

/** A user's message may carry the results of several tools, which are messages of their own for templates. */
function chatMessagesOf(body: MessageBody): ChatMessage[] {
  if (body.role === "assistant") return [assistantMessageOf(body)];
  if (body.role === "system") return systemMessageOf(body.content ?? "");
  if (typeof body.content === "string") return [{ role: body.role, content: body.content }];
  const results = body.content.flatMap((block): ChatMessage[] => {
    if (block.type !== "tool_result" || !("tool_use_id" in block)) return [];
    const content = `${block.is_error === true ? "Error: " : ""}${block.content ?? ""}`;
    return [{ role: "tool", content, toolCallId: block.tool_use_id }];
  });
  const texts = body.content.map((block) => ("tool_use_id" in block ? "" : textOfBlock(block as TextHolder)));
  const content = texts.join("");
  return content === "" && results.length > 0 ? results : [...results, { role: "user", content }];
}

function systemMessageOf(given: string | Parameters<typeof textOfSystem>[0]): ChatMessage[] {
  const content = textOfSystem(typeof given === "string" ? [{ text: given }] : given);
  return content === "" ? [] : [{ role: "system", content }];
}

type TextHolder = Parameters<typeof textOfBlock>[0];

function assistantMessageOf(body: AssistantBody): Extract<ChatMessage, { readonly role: "assistant" }> {
  if (typeof body.content === "string") return { role: "assistant", content: body.content, toolCalls: [] };
  const blocks = body.content;
  const reasoning = blocks.flatMap((block) => ("thinking" in block ? [block.thinking] : [])).join("");
  return {
    role: "assistant",
    content: blocks.flatMap((block) => ("text" in block ? [block.text] : [])).join(""),
    toolCalls: blocks.flatMap((block) =>
      "input" in block ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    ...(reasoning === "" ? {} : { reasoning }),
  };
}

function contentFormatOf(body: CountTokensRequest): ContentFormat | undefined {
  const format = body.output_config?.format;
  if (format) return { schema: format.schema, param: "output_config.format.schema" };
  return body.output_format ? { schema: body.output_format.schema, param: "output_format.schema" } : undefined;
}

function toolsOf(body: CountTokensRequest): readonly ToolDefinition[] {
  return (body.tools ?? []).flatMap((tool, index) =>
    "foreign" in tool ? [] : [toolOf({ ...tool, parameters: tool.input_schema }, `tools[${index}].input_schema`)],
  );
}

function wantedTool({ tool_choice: choice }: CountTokensRequest): ToolChoice {
  if (choice === null || choice === undefined) return "auto";
  if (choice.type === "tool") return { name: choice.name };
  return choice.type === "any" ? "required" : choice.type;
}
