import { RequestError } from "../errors.ts";
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
  try {
    const before = await prompts.build({ ...input, messages: input.messages.slice(0, first) });
    return commonPrefix(before.tokens, tokens);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}
