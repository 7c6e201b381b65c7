import { badField } from "../../errors.ts";
import type { AnswerFormat, ToolChoice } from "../../generation/answer-grammar.ts";
import type { ChatJob } from "../../generation/chat-answers.ts";
import { type ChatCompletionRequest, chatMessageOf } from "./chat-schema.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import type { Serving } from "../serving.ts";

/** Thinking that each `reasoning_effort` allows, in tokens; `high` and `xhigh` do not bound it. */
const EFFORT_TOKENS = {
  none: 0,
  minimal: 128,
  low: 512,
  medium: 2048,
  high: undefined,
  xhigh: undefined,
} as const;

export const ANY_OBJECT = { type: "object" } as const;

/** A chat completion's body as a job. @throws RequestError for fields that contradict each other. */
export function chatJobOf(serving: Serving, body: ChatCompletionRequest): ChatJob {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? -1;
  const topLogprobs = topLogprobsOf(body);
  const thinkingBudget = body.thinking_budget ?? effortTokens(body.reasoning_effort);
  const toolChoice = toolChoiceOf(body);
  const answerFormat = answerFormatOf(body);
  if (body.ignore_eos === true && (answerFormat !== undefined || (body.tools?.length ?? 0) > 0)) {
    throw badField("ignore_eos", "Invalid 'ignore_eos': an answer in a format or with tools must be able to end.");
  }
  return {
    messages: body.messages.map(chatMessageOf),
    messagesParam: "messages",
    tools: body.tools ?? [],
    toolChoice,
    parallelToolCalls: body.parallel_tool_calls ?? true,
    templateArguments: body.chat_template_kwargs ?? {},
    extractReasoning: body.reasoning_format !== "none",
    sampling: samplingOf(body, serving.model.vocabularySize, serving.randomSeed()),
    stops: body.stop,
    cachePrompt: body.cache_prompt ?? true,
    ignoreEndOfText: body.ignore_eos ?? false,
    ...(maxTokens === -1 ? {} : { maxTokens }),
    ...(answerFormat === undefined ? {} : { answerFormat }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(typeof thinkingBudget === "number" ? { thinkingBudget } : {}),
  };
}

/** Most tokens of thinking for an effort; undefined: as many as the model likes. */
export function effortTokens(effort: keyof typeof EFFORT_TOKENS | null | undefined): number | undefined {
  return effort === null || effort === undefined ? undefined : EFFORT_TOKENS[effort];
}

function answerFormatOf(body: ChatCompletionRequest): AnswerFormat | undefined {
  const format = body.response_format;
  if (format === undefined || format === null || format.type === "text") return undefined;
  if (format.type === "json_object") return { schema: format.schema ?? ANY_OBJECT, param: "response_format.schema" };
  return { schema: format.json_schema.schema ?? ANY_OBJECT, param: "response_format.json_schema.schema" };
}

function topLogprobsOf(body: ChatCompletionRequest): number | undefined {
  if (body.logprobs === true) return body.top_logprobs ?? 0;
  if (typeof body.top_logprobs !== "number") return undefined;
  throw badField("top_logprobs", "Invalid 'top_logprobs': it is allowed only with 'logprobs': true.");
}

function toolChoiceOf(body: ChatCompletionRequest): ToolChoice {
  const choice = body.tool_choice ?? "auto";
  const tools = body.tools ?? [];
  if (choice === "none" || choice === "auto") return choice;
  if (tools.length === 0) throw badField("tool_choice", "Invalid 'tool_choice': it is allowed only with 'tools'.");
  if (choice === "required") return choice;
  const { name } = choice.function;
  if (tools.some((tool) => tool.name === name)) return { name };
  throw badField("tool_choice", `Invalid 'tool_choice': no tool named '${name}' is in 'tools'.`);
}
