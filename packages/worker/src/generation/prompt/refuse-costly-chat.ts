import { costOfJson, MOST_NESTING, MOST_VALUES, turnToParse } from "@drover/contract/json/json-cost";
import { invalid } from "../../errors.ts";
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
  readonly prefill?: string | undefined;
  /** The thinking before it; without a prefill the model continues that. */
  readonly prefillThinking?: string | undefined;
  readonly limit: PromptLimit;
}

/**
 * Refuses a chat that can't fit, or whose texts would cost far more than they say, before the template sees it: ten megabytes of marks take seconds to be
 * made harmless, and the arguments of earlier calls are JSON inside of a text, which nobody has counted yet.
 *
 * @throws RequestError `context_length_exceeded`, `nested_too_deep`, `too_many_values`
 */
export async function refuseCostlyChat(
  { messages, tools, templateArguments, prefill = "", prefillThinking, limit }: ChatTexts,
  { tokenizer, controlTexts }: { readonly tokenizer: PromptTokenizer; readonly controlTexts: ControlTexts },
): Promise<void> {
  const calls = messages.flatMap(callsOf);
  // Templates leave out the thinking of earlier responses, marks included.
  const all = messages.map((message) => ({ ...message, reasoning: undefined }));
  const texts = messages.flatMap(({ role, content }) => (role === "assistant" ? [] : [content]));
  // Each message and each call takes a token at least.
  const least = messages.length + calls.length;
  if (least >= limit.contextTokens) throw contextLengthExceeded(limit, `at least ${least}`);
  tokenizer.refuseHuge(await charsOf([all, tools, templateArguments, prefill]), limit);
  tokenizer.refuseHuge(await charsOf([prefillThinking, messages.map(thoughtsOf)]), limit);
  await refuseManyMarks(texts, controlTexts, limit);
  await refuseCostlyArguments(calls, limit);
}

function callsOf(message: ChatMessage): readonly ToolCall[] {
  return message.role === "assistant" ? message.toolCalls : [];
}

/** More than fits can't come of any model. */
function thoughtsOf(message: ChatMessage): string | undefined {
  return message.role === "assistant" ? message.reasoning : undefined;
}

/** Each mark is cut, and is two tokens at least. */
async function refuseManyMarks(texts: readonly string[], marks: ControlTexts, limit: PromptLimit): Promise<void> {
  let left = limit.contextTokens;
  for (const text of texts) {
    for (let from = 0; from < text.length; from += PIECE_CHARS) {
      await turnToParse(PIECE_CHARS);
      left -= marks.count([text.slice(from, from + PIECE_CHARS)], left);
      if (left <= 0) throw contextLengthExceeded(limit, `at least ${limit.contextTokens}`);
    }
  }
}

/** What is looked at in one go takes about a millisecond. */
const PIECE_CHARS = 32 * 1024;
const PIECE_VALUES = 4096;

/** Of all texts in a value, names of fields included. */
async function charsOf(value: unknown): Promise<number> {
  let chars = 0;
  let values = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    values += 1;
    if (values % PIECE_VALUES === 0) await turnToParse(PIECE_CHARS);
    const one = left.pop();
    if (typeof one === "string") chars += one.length;
    else if (typeof one !== "object" || one === null) chars += one === undefined ? 0 : 1;
    else if (Array.isArray(one)) for (const item of one) left.push(item);
    else {
      for (const [name, item] of Object.entries(one)) {
        chars += name.length;
        left.push(item);
      }
    }
  }
  return chars;
}

async function refuseCostlyArguments(calls: readonly ToolCall[], { param }: PromptLimit): Promise<void> {
  const fault = await costOfJson(...calls.map((call) => Buffer.from(call.arguments)));
  if (fault !== undefined) throw invalid(param, faults[fault], fault);
}

const faults = {
  nested_too_deep: `the arguments of a call are nested deeper than ${MOST_NESTING} levels`,
  too_many_values: `the arguments of its calls have more than ${MOST_VALUES} values`,
} as const;
