import type { ContentFormat } from "../../generation/output-grammar.ts";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { ChatMessage, ToolCall, ToolDefinition } from "../../generation/prompt/chat-message.ts";
import { effortTokens } from "../generating/thinking.ts";
import { ANY_OBJECT } from "../openai-chat/chat-job.ts";
import type { ResponsesRequest } from "./responses-schema.ts";
import { samplingOf, tokenBiases } from "../generating/sampling-fields.ts";
import { chosenTools, foreignTools, toolOf } from "../generating/tool-choice.ts";
import type { Serving } from "../serving.ts";

/** A body of the responses API as a job. */
export async function responsesJobOf(serving: Serving, body: ResponsesRequest): Promise<ChatJob> {
  const { instructions: given } = body;
  const instructions =
    typeof given === "string" ? [{ role: "system", content: given } as const] : messagesOf(given ?? []);
  const verbosity = body.text?.verbosity ?? "medium";
  return {
    messages: [...instructions, ...messagesOf(body.input)],
    messagesParam: "input",
    ...allowedTools(body),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    templateArguments: typeof body.reasoning?.effort === "string" ? { reasoning_effort: body.reasoning.effort } : {},
    extractReasoning: true,
    sampling: samplingOf(body, serving.randomSeed(), await tokenBiases(serving, body.logit_bias)),
    stops: [],
    cachePrompt: true,
    ignoreEndOfText: false,
    ignored: [
      ...newItems(body.input),
      ...foreignTools(body.tools ?? []),
      ...(verbosity === "medium" ? [] : ["text.verbosity"]),
    ],
    contentFormat: contentFormatOf(body),
    maxTokens: body.max_output_tokens ?? undefined,
    thinkingBudget: effortTokens(body.reasoning?.effort),
  };
}

function newItems(input: ResponsesRequest["input"]): readonly string[] {
  if (typeof input === "string") return [];
  return input.flatMap((item, index) => (item.type === "new" ? [`input[${index}]`] : []));
}

function messagesOf(input: ResponsesRequest["input"]): ChatMessage[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  const messages: ChatMessage[] = [];
  /** Of the last message, where it is an assistant's. */
  let lastCalls: ToolCall[] = [];
  const add = (message: ChatMessage) => {
    if (message.role === "assistant") lastCalls = [...message.toolCalls];
    messages.push(message.role === "assistant" ? { ...message, toolCalls: lastCalls } : message);
  };
  for (const item of input) {
    if ("role" in item) add(messageOf(item.role, item.content));
    else if (item.type === "function_call_output") {
      add({ role: "tool", content: item.output, toolCallId: item.call_id });
    } else if (item.type === "function_call") {
      // Calls are items of their own here, and parts of the assistant's message for templates.
      if (messages.at(-1)?.role !== "assistant") add({ role: "assistant", content: "", toolCalls: [] });
      lastCalls.push({ id: item.call_id, name: item.name, arguments: item.arguments });
    }
  }
  return messages;
}

function messageOf(role: "user" | "assistant" | "system" | "developer", content: string): ChatMessage {
  if (role === "assistant") return { role, content, toolCalls: [] };
  return { role: role === "user" ? "user" : "system", content };
}

function toolsOf(body: ResponsesRequest): readonly ToolDefinition[] {
  return (body.tools ?? []).flatMap((tool, index) =>
    "foreign" in tool ? [] : [toolOf(tool, `tools[${index}].parameters`)],
  );
}

/** The tools that may be called, and whether one must be. */
function allowedTools(body: ResponsesRequest): ReturnType<typeof chosenTools> {
  const choice = body.tool_choice ?? "auto";
  if (typeof choice !== "object" || choice.type !== "allowed_tools")
    return chosenTools(choice, toolsOf(body), "tool_choice.name");
  const names = choice.tools.map((tool) => tool["name"]);
  return chosenTools(choice.mode, toolsOf(body), "tool_choice.name", names);
}

function contentFormatOf(body: ResponsesRequest): ContentFormat | undefined {
  const format = body.text?.format;
  if (format === undefined || format === null || format.type === "text") return undefined;
  if (format.type === "json_object") return { schema: ANY_OBJECT, param: "text.format" };
  return { schema: format.schema, param: "text.format.schema", strict: format.strict === true };
}
