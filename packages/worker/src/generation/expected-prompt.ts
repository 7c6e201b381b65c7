import { RequestError } from "../errors.ts";
import { commonPrefix } from "../state/slots-by-prefix.ts";
import type { ChatPromptInput, ChatPrompts } from "./prompt/chat-prompt.ts";

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
  const said = [...input.messages, { role: "assistant", content: response, toolCalls: [] } as const];
  try {
    const first = await prompts.build({ ...input, messages: [...said, { role: "user", content: "a" }] });
    const second = await prompts.build({ ...input, messages: [...said, { role: "user", content: "b" }] });
    return first.tokens.slice(0, commonPrefix(first.tokens, second.tokens));
  } catch (error) {
    if (error instanceof RequestError) return [];
    throw error;
  }
}
