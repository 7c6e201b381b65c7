import { costOfJson, MOST_NESTING, MOST_VALUES } from "@drover/contract/json-cost";
import { badField } from "../../errors.ts";
import type { ChatMessage, ToolCall, ToolDefinition } from "./chat-message.ts";
import type { ControlTexts } from "./control-texts.ts";
import { contextLengthExceeded, type PromptLimit } from "./prompt-limit.ts";
import type { PromptTokenizer } from "./prompt-tokenizer.ts";

/** What a prompt is made of. */
export interface ChatTexts {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  /** Further variables for the template, such as `enable_thinking`. */
  readonly templateArguments: Readonly<Record<string, unknown>>;
  /** Text that the response must begin with. */
  readonly prefill?: string;
  readonly limit: PromptLimit;
}

/**
 * Refuses a chat that can't fit, or whose texts would cost far more than they say, before the template sees it: ten megabytes of marks take seconds to be
 * made harmless, and the arguments of earlier calls are JSON inside of a text, which nobody has counted yet.
 *
 * @throws RequestError `context_length_exceeded`, `nested_too_deep`, `too_many_values`
 */
export async function refuseCostlyChat(
  { messages, tools, templateArguments, prefill = "", limit }: ChatTexts,
  { tokenizer, controlTexts }: { readonly tokenizer: PromptTokenizer; readonly controlTexts: ControlTexts },
): Promise<void> {
  const calls = messages.flatMap(callsOf);
  // Templates leave out the thinking of earlier responses, marks included.
  const all = messages.map((message) => ({ ...message, reasoning: undefined }));
  const said = messages.flatMap(({ role, content }) => (role === "assistant" ? [] : [content]));
  refuseManyMessages(messages.length + calls.length, limit);
  tokenizer.refuseHuge(charsOf([all, tools, templateArguments, prefill]), limit);
  // Each mark is cut, and is two tokens at least.
  if (controlTexts.count(said, limit.contextTokens) >= limit.contextTokens)
    throw contextLengthExceeded(limit, `at least ${limit.contextTokens}`);
  await refuseCostlyArguments(calls, limit);
}

function callsOf(message: ChatMessage): readonly ToolCall[] {
  return message.role === "assistant" ? message.toolCalls : [];
}

/** Each message and each call takes a token at least. */
function refuseManyMessages(messages: number, limit: PromptLimit): void {
  if (messages >= limit.contextTokens) throw contextLengthExceeded(limit, `at least ${messages}`);
}

/** Of all texts in a value, names of fields included. */
function charsOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return value === undefined ? 0 : 1;
  let chars = 0;
  for (const [name, item] of Object.entries(value)) chars += (Array.isArray(value) ? 0 : name.length) + charsOf(item);
  return chars;
}

async function refuseCostlyArguments(calls: readonly ToolCall[], { param }: PromptLimit): Promise<void> {
  const fault = await costOfJson(...calls.map((call) => Buffer.from(call.arguments)));
  if (fault !== undefined) throw badField(param, `Invalid '${param}': ${faults[fault]}.`, fault);
}

const faults = {
  nested_too_deep: `the arguments of a call are nested deeper than ${MOST_NESTING} levels`,
  too_many_values: `the arguments of its calls have more than ${MOST_VALUES} values`,
} as const;
