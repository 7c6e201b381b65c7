import type { ModelDescription, Vocabulary } from "../engine/engine.ts";
import type { Sampling } from "../generation-contract.ts";
import { type AnswerFormat, bindCall, type ToolChoice } from "./answer-grammar.ts";
import type { CompileAnswer } from "./answer-compiler.ts";
import type { ChatMessage, ToolDefinition } from "./prompt/chat-message.ts";
import type { ChatPrompts } from "./prompt/chat-prompt.ts";
import type { AnswerRequest } from "./generate.ts";
import { ToolCallParser } from "./output/tool-calls.ts";

/** A chat to answer, whichever API it came by. */
export interface ChatJob {
  readonly messages: readonly ChatMessage[];
  /** What they are called in the request. */
  readonly messagesParam: string;
  readonly prefill?: string;
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  /** Of the content. */
  readonly answerFormat?: AnswerFormat;
  readonly templateArguments: Readonly<Record<string, unknown>>;
  /** False: `<think>` parts stay in the text. */
  readonly extractReasoning: boolean;
  /** Most tokens of thinking; 0: none. */
  readonly thinkingBudget?: number;
  readonly maxTokens?: number;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  readonly topLogprobs?: number;
  readonly cachePrompt: boolean;
  readonly ignoreEndOfText: boolean;
}

export interface ChatParts {
  readonly prompts: ChatPrompts;
  readonly vocabulary: Vocabulary;
  readonly model: ModelDescription;
  readonly newCallId: () => string;
  readonly compileAnswer: CompileAnswer;
  readonly slots: { readonly contextTokens: number };
}

/** What ends thinking that took too long. The model itself goes on from there, with as many line ends as it likes. */
const THINKING_END = "\n</think>";

/**
 * What to generate for a job. Every choice of it takes this request, with its own seed.
 *
 * @throws RequestError where the prompt does not fit, or the template or a schema can't be used.
 */
export async function answerRequestOf(parts: ChatParts, job: ChatJob): Promise<AnswerRequest> {
  const tools = job.toolChoice === "none" ? [] : job.tools;
  const { toolFormat } = parts.prompts.template;
  const { grammar, calls } = await parts.compileAnswer(toolFormat, { ...job, tools });
  const names = new Set(tools.map((tool) => tool.name));
  const mayThink = job.thinkingBudget !== 0;
  const prompt = await parts.prompts.build({
    messages: job.messages,
    tools,
    templateArguments: job.templateArguments,
    mayThink,
    limit: { contextTokens: parts.slots.contextTokens, answerTokens: 1, param: job.messagesParam },
    ...(job.prefill === undefined ? {} : { prefill: job.prefill }),
  });
  return {
    prompt: prompt.tokens,
    maxTokens: job.maxTokens ?? parts.slots.contextTokens,
    sampling: job.sampling,
    stops: job.stops,
    reasoning: job.extractReasoning ? prompt.reasoning : "off",
    thinkingEnd: { text: THINKING_END, tokens: parts.vocabulary.tokenize(THINKING_END, true) },
    cachePrompt: job.cachePrompt,
    ignoreEndOfText: job.ignoreEndOfText,
    ...(mayThink && job.thinkingBudget !== undefined ? { thinkingBudget: job.thinkingBudget } : {}),
    ...(grammar === undefined ? {} : { grammar }),
    ...(calls === undefined ? {} : { callGrammar: (written: string) => bindCall(calls, written) }),
    ...(tools.length === 0 ? {} : { toolCalls: () => new ToolCallParser(toolFormat, names, parts.newCallId) }),
    ...(job.topLogprobs === undefined ? {} : { topLogprobs: job.topLogprobs }),
  };
}
