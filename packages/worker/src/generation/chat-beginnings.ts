import { unlessRefused } from "../errors.ts";
import { commonPrefix } from "../state/slots-by-prefix.ts";
import type { ChatPromptInput, ChatPrompts } from "./prompt/chat-prompt.ts";

/**
 * How many of a chat's first tokens come before what the model said first. They are always the tokenizer's: whoever shares kept states with others
 * could otherwise write a system prompt that they use in tokens of his own choice.
 *
 * @param tokens of the chat's prompt
 * @returns undefined where the model has said nothing yet, or the template refuses the messages before it
 */
export async function tokensBeforeResponses(
  prompts: Pick<ChatPrompts, "build">,
  input: Omit<ChatPromptInput, "prefill">,
  tokens: readonly number[],
): Promise<number | undefined> {
  const first = input.messages.findIndex(({ role }) => role === "assistant");
  if (first < 1) return undefined;
  return await unlessRefused(async () => {
    const before = await prompts.build({ ...input, messages: input.messages.slice(0, first) });
    return commonPrefix(before.tokens, tokens);
  }, undefined);
}

/**
 * What the prompt of a chat's next turn will begin with, whatever its user says: what two prompts with different questions
 * have in common. It differs from prompt and response as they were computed, because templates drop the thinking of
 * earlier turns, and because a text's tokens need not be those that a model wrote it in.
 *
 * @returns no tokens where the next turn would not fit, or the template refuses it
 */
export async function expectedPromptTokens(
  prompts: Pick<ChatPrompts, "build">,
  input: Omit<ChatPromptInput, "prefill">,
  response: string,
): Promise<readonly number[]> {
  const soFar = [...input.messages, { role: "assistant", content: response, toolCalls: [] } as const];
  return await unlessRefused(async () => {
    const first = await prompts.build({ ...input, messages: [...soFar, { role: "user", content: "a" }] });
    const second = await prompts.build({ ...input, messages: [...soFar, { role: "user", content: "b" }] });
    return first.tokens.slice(0, commonPrefix(first.tokens, second.tokens));
  }, []);
}
