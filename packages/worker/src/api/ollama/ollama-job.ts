import type { ContentFormat } from "../../generation/output-grammar.ts";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { ChatMessage } from "../../generation/prompt/chat-message.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import { thinkingBudgetOf } from "../generating/thinking.ts";
import { toolOf } from "../generating/tool-choice.ts";
import { ANY_OBJECT } from "../openai-chat/chat-job.ts";
import type { Serving } from "../serving.ts";
import type { OllamaChat, OllamaGenerate } from "./ollama-schema.ts";

type Message = OllamaChat["messages"][number];

/** A body of Ollama's chat as a job. */
export function ollamaJobOf(serving: Serving, body: OllamaChat): ChatJob {
  const prefill = prefillOf(body.messages.at(-1));
  const messages = prefill === undefined ? body.messages : body.messages.slice(0, -1);
  return {
    ...jobOf(serving, body),
    ...prefill,
    messages: messages.map((message, index) => chatMessageOf(message, index, serving)),
    messagesParam: "messages",
    tools: (body.tools ?? []).map((tool) => toolOf(tool.function)),
  };
}

/** As at Ollama's server, the response goes on from a last message of the assistant's. */
function prefillOf(last: Message | undefined): Pick<ChatJob, "prefill" | "prefillThinking"> | undefined {
  if (last?.role !== "assistant" || !last.content || (last.tool_calls ?? []).length > 0) return undefined;
  return { prefill: last.content, prefillThinking: last.thinking || undefined };
}

/** A prompt as the one message of a chat. */
export function generateJobOf(serving: Serving, body: OllamaGenerate): ChatJob {
  const system: ChatMessage[] = body.system ? [{ role: "system", content: body.system }] : [];
  return {
    ...jobOf(serving, body),
    messages: [...system, { role: "user", content: body.prompt ?? "" }],
    messagesParam: "prompt",
    tools: [],
  };
}

function jobOf(
  serving: Serving,
  body: OllamaChat | OllamaGenerate,
): Omit<ChatJob, "messages" | "messagesParam" | "tools"> {
  const { options } = body;
  const most = options?.num_predict ?? -1;
  return {
    toolChoice: "auto",
    parallelToolCalls: true,
    templateArguments: {},
    extractReasoning: true,
    sampling: samplingOf(options ?? {}, serving.randomSeed()),
    stops: options?.stop ?? [],
    cachePrompt: true,
    ignoreEndOfText: false,
    ignored: [],
    maxTokens: most > 0 ? most : undefined,
    contentFormat: formatOf(body.format),
    thinkingBudget: thinkingBudgetOf({ think: body.think }),
    topLogprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
  };
}

function formatOf(format: OllamaChat["format"]): ContentFormat | undefined {
  if (format === null || format === undefined || format === "") return undefined;
  return { schema: format === "json" ? ANY_OBJECT : format, param: "format" };
}

function chatMessageOf(message: Message, index: number, { newCallId }: Serving): ChatMessage {
  const content = message.content ?? "";
  if (message.role === "tool") return { role: "tool", content, toolCallId: message.tool_call_id ?? `call_${index}` };
  if (message.role !== "assistant") return { role: message.role, content };
  return {
    role: "assistant",
    content,
    toolCalls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
      id: id ?? newCallId(),
      name,
      arguments: args,
    })),
    ...(message.thinking ? { reasoning: message.thinking } : {}),
  };
}
