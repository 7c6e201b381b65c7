import type { ModelDescription, Vocabulary } from "../engine/engine.ts";
import type { GrammarSpec, Sampling } from "../generation-contract.ts";
import { type ContentFormat, bindCall, type ToolChoice } from "./output-grammar.ts";
import type { CompileGrammar } from "./grammar-compiler.ts";
import type { ChatMessage, ToolDefinition } from "./prompt/chat-message.ts";
import { expectedPromptTokens, tokensBeforeResponses } from "./chat-beginnings.ts";
import type { ChatPromptInput, ChatPrompts } from "./prompt/chat-prompt.ts";
import type { PromptLimit } from "./prompt/prompt-limit.ts";
import { propertyTypes } from "../json-schema/value-types.ts";
import type { OutputRequest } from "./generate.ts";
import { HARMONY_FINAL } from "./output/harmony-text.ts";
import type { ArgumentTypes } from "./output/tagged-call.ts";
import { ToolCallParser } from "./output/tool-calls.ts";

/** A chat to respond to, whichever API it came by. */
export interface ChatJob {
  readonly messages: readonly ChatMessage[];
  /** What they are called in the request. */
  readonly messagesParam: string;
  readonly prefill?: string | undefined;
  /** The thinking before it, or, where it is empty, to go on with. */
  readonly prefillThinking?: string | undefined;
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  /** Of the content. */
  readonly contentFormat?: ContentFormat | undefined;
  readonly templateArguments: Readonly<Record<string, unknown>>;
  /** False: `<think>` parts stay in the text. */
  readonly extractReasoning: boolean;
  /** Most tokens of thinking; 0: none. */
  readonly thinkingBudget?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  readonly topLogprobs?: number | undefined;
  readonly cachePrompt: boolean;
  readonly ignoreEndOfText: boolean;
  /** Tokens that end the response, and are no part of it. */
  readonly stopTokens?: readonly number[] | undefined;
  /** A client's own grammar of the content. */
  readonly grammar?: string | undefined;
  /** Parts of the request that have no effect. */
  readonly ignored: readonly string[];
}

export interface ChatParts {
  readonly prompts: ChatPrompts;
  readonly vocabulary: Vocabulary;
  readonly model: ModelDescription;
  readonly newCallId: () => string;
  readonly compileGrammar: CompileGrammar;
  readonly vetGrammar: (gbnf: string) => Promise<GrammarSpec>;
  readonly slots: { readonly contextTokens: number };
  /** Are the prompts' tokens of system message and tools to be counted? @default false */
  readonly sharesSystem?: boolean;
}

/** What is known of a chat beyond what to generate. */
export interface PreparedChat {
  /** Parts of schemas that the response need not keep to. */
  readonly relaxed: readonly string[];
  /** See {@link expectedPromptTokens}. */
  readonly nextPrompt: (response: string) => Promise<readonly number[]>;
  /** See {@link tokensBeforeResponses}. */
  readonly beforeResponses: () => Promise<number | undefined>;
}

/** What ends thinking that took too long. The model itself goes on from there, with as many line ends as it likes. */
const THINKING_END = "\n</think>";

/**
 * What to generate for a job. Every choice of it takes this request, with its own seed.
 *
 * @throws RequestError where the prompt does not fit, or the template or a schema can't be used.
 */
export async function chatOutputRequest(parts: ChatParts, job: ChatJob): Promise<OutputRequest & PreparedChat> {
  const { contextTokens } = parts.slots;
  const input = promptInput(parts, job, { contextTokens, outputTokens: 1, param: job.messagesParam });
  const { tools, mayThink } = input;
  // Before the tools' schemas become grammars.
  await parts.prompts.refuseCostly(input);
  const { toolFormat } = parts.prompts.template;
  const { grammar, calls, relaxed } = await parts.compileGrammar(toolFormat, { ...job, tools });
  const bound = grammar ?? (job.grammar === undefined ? undefined : await parts.vetGrammar(job.grammar));
  const names = new Set(tools.map((tool) => tool.name));
  const isHarmony = toolFormat === "harmony";
  const prompt = await parts.prompts.build(input);
  const thinkingEnd = isHarmony ? `<|end|>${HARMONY_FINAL}` : THINKING_END;
  return {
    relaxed,
    nextPrompt: (response) => expectedPromptTokens(parts.prompts, input, response),
    beforeResponses: () => tokensBeforeResponses(parts.prompts, input, prompt.tokens),
    prompt: prompt.tokens,
    systemTokens: prompt.systemTokens,
    maxTokens: job.maxTokens ?? parts.slots.contextTokens,
    sampling: job.sampling,
    stops: job.stops,
    stopTokens: job.stopTokens,
    reasoning: prompt.reasoning,
    thinkingInText: !job.extractReasoning,
    thinkingBudget: mayThink ? job.thinkingBudget : undefined,
    thinkingEnd: { text: thinkingEnd, tokens: parts.vocabulary.tokenize(thinkingEnd, "control") },
    harmony: isHarmony ? { isFinal: !mayThink } : undefined,
    cachePrompt: job.cachePrompt,
    ignoreEndOfText: job.ignoreEndOfText,
    grammar: bound,
    callGrammar: calls && ((written) => bindCall(calls, written)),
    toolCalls:
      tools.length === 0
        ? undefined
        : () => new ToolCallParser(toolFormat, names, parts.newCallId, argumentTypes(tools)),
    topLogprobs: job.topLogprobs,
  };
}

/**
 * How many tokens a chat's prompt has. A count needs no slot, so a prompt may be longer than one.
 *
 * @throws RequestError where there are more than `most`, or the template refuses the messages
 */
export async function countPromptTokens(parts: ChatParts, job: ChatJob, most: number): Promise<number> {
  const input = promptInput(parts, job, countLimit(parts, job, most));
  await parts.prompts.refuseCostly(input);
  const { tokens } = await parts.prompts.build({ ...input, countsSystem: false });
  return tokens.length;
}

/** Of a prompt that needs no slot; a slot that holds more than `most` tokens bounds it instead. */
export function countLimit({ slots }: Pick<ChatParts, "slots">, job: ChatJob, most: number): PromptLimit {
  const contextTokens = Math.max(most, slots.contextTokens);
  return { contextTokens, outputTokens: 0, isCount: true, param: job.messagesParam };
}

function promptInput(parts: ChatParts, job: ChatJob, limit: PromptLimit): ChatPromptInput {
  const tools = job.toolChoice === "none" ? [] : job.tools;
  const isBound = job.contentFormat !== undefined || job.grammar !== undefined;
  // In harmony's format a grammar of the content begins with the response's own message; one of calls has their heads.
  const isBoundContent = isBound && (tools.length === 0 || job.toolChoice === "auto");
  const isHarmony = parts.prompts.template.toolFormat === "harmony";
  return {
    messages: job.messages,
    tools,
    templateArguments: job.templateArguments,
    countsSystem: parts.sharesSystem === true,
    limit,
    // A response that continues a beginning of its content has no thinking before it.
    mayThink: job.thinkingBudget !== 0 && (job.prefill ?? "") === "" && !(isHarmony && isBoundContent),
    prefill: job.prefill,
    prefillThinking: job.prefillThinking,
  };
}

function argumentTypes(tools: readonly ToolDefinition[]): ArgumentTypes {
  const byName = new Map(tools.map(({ name, parameters }) => [name, propertyTypes(parameters)]));
  return (tool, argument) => byName.get(tool)?.(argument);
}
