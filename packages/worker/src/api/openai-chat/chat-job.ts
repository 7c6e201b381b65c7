import { invalid } from "../../errors.ts";
import type { ContentFormat } from "../../generation/output-grammar.ts";
import type { ChatJob } from "../../generation/chat-request.ts";
import { type ChatCompletionRequest, chatMessageOf } from "./chat-schema.ts";
import { thinkingBudgetOf } from "../generating/thinking.ts";
import type { ToolDefinition } from "../../generation/prompt/chat-message.ts";
import { samplingOf, tokenBiases } from "../generating/sampling-fields.ts";
import { chosenTools, foreignTools } from "../generating/tool-choice.ts";
import type { Serving } from "../serving.ts";

export const ANY_OBJECT = { type: "object" } as const;

/** A chat completion's body as a job. @throws RequestError for fields that contradict each other. */
export async function chatJobOf(serving: Serving, body: ChatCompletionRequest): Promise<ChatJob> {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? body.n_predict ?? -1;
  const tools = (body.tools ?? []).filter((tool) => "name" in tool);
  const contentFormat = contentFormatOf(body);
  if (body.ignore_eos === true && (contentFormat !== undefined || tools.length > 0)) {
    throw invalid("ignore_eos", "a response in a format or with tools must be able to end");
  }
  const prefill = prefillOf(body);
  const messages = prefill === undefined ? body.messages : body.messages.slice(0, -1);
  return {
    messages: messages.map(chatMessageOf),
    messagesParam: "messages",
    ...prefill,
    ...allowedTools(body, tools),
    parallelToolCalls: body.parallel_tool_calls ?? true,
    templateArguments: templateArgumentsOf(body),
    extractReasoning: body.reasoning_format !== "none",
    sampling: samplingOf(body, serving.randomSeed(), await tokenBiases(serving, body.logit_bias)),
    stops: body.stop,
    cachePrompt: body.cache_prompt ?? true,
    ignoreEndOfText: body.ignore_eos ?? false,
    ignored: foreignTools(body.tools ?? []),
    maxTokens: maxTokens === -1 ? undefined : maxTokens,
    contentFormat,
    topLogprobs: topLogprobsOf(body),
    thinkingBudget: thinkingBudgetOf(body),
    grammar: body.grammar || undefined,
    stopTokens: body.stop_token_ids ?? undefined,
  };
}

/** The text that the response goes on from, or thinking without a text, where the client asked for that. */
function prefillOf(body: ChatCompletionRequest): Pick<ChatJob, "prefill" | "prefillThinking"> | undefined {
  const goesOn = body.continue_final_message === true;
  if (body.add_generation_prompt === false && !goesOn) {
    throw invalid("add_generation_prompt", "false goes with 'continue_final_message': true");
  }
  if (!goesOn) return undefined;
  const last = body.messages.at(-1);
  const { content, reasoning_content: thinking } = last?.role === "assistant" ? last : {};
  if (content || thinking) return { prefill: content ?? "", prefillThinking: thinking || undefined };
  throw invalid("continue_final_message", "the last message must be an assistant's, with text or thinking");
}

/** Some templates have variables of their own for how much to think. */
function templateArgumentsOf(body: ChatCompletionRequest): Readonly<Record<string, unknown>> {
  const effort = body.reasoning_effort ?? body.reasoning?.effort;
  return {
    ...(typeof body.enable_thinking === "boolean" ? { enable_thinking: body.enable_thinking } : {}),
    ...(typeof effort === "string" ? { reasoning_effort: effort } : {}),
    ...body.chat_template_kwargs,
  };
}

/** The schema that a response must keep to, by whichever name it came. */
export function contentFormatOf(
  body: Pick<ChatCompletionRequest, "response_format" | "json_schema" | "guided_json" | "structured_outputs">,
): ContentFormat | undefined {
  const format = body.response_format;
  const named = [
    ["json_schema", body.json_schema],
    ["guided_json", body.guided_json],
    ["structured_outputs.json", body.structured_outputs?.json],
  ] as const;
  for (const [param, schema] of named) if (schema !== undefined && schema !== null) return { schema, param };
  if (format === undefined || format === null || format.type === "text") return undefined;
  if (format.type === "json_object") return { schema: format.schema ?? ANY_OBJECT, param: "response_format.schema" };
  const { schema, strict } = format.json_schema ?? {};
  if (!schema && format.schema) return { schema: format.schema, param: "response_format.schema" };
  const param = "response_format.json_schema.schema";
  return { schema: schema ?? ANY_OBJECT, param, strict: strict === true };
}

function topLogprobsOf(body: ChatCompletionRequest): number | undefined {
  if (body.logprobs === true) return body.top_logprobs ?? 0;
  if (body.n_probs) return body.n_probs;
  if (!body.top_logprobs) return undefined;
  throw invalid("top_logprobs", "it is allowed only with 'logprobs': true");
}

/** The tools that may be called, and whether one must be. */
function allowedTools(body: ChatCompletionRequest, all: readonly ToolDefinition[]): ReturnType<typeof chosenTools> {
  const choice = body.tool_choice ?? "auto";
  if (typeof choice === "object" && choice.type === "allowed_tools") {
    const { mode, tools } = choice.allowed_tools;
    const names = tools.map((tool) => tool.function.name);
    return chosenTools(mode, all, "tool_choice", names);
  }
  const wanted = typeof choice === "object" ? choice.function : choice === "any" ? "required" : choice;
  return chosenTools(wanted, all, "tool_choice");
}
