import type { ApiMessage, ChatRequest } from "../api/chat-stream.ts";
import type { Conversation, Message } from "./conversation.ts";
import { partsOf } from "./thread/thinking.ts";

/**
 * The request for the next response of a conversation. Earlier thinking is left out, as the makers of such models ask for.
 * With `goesOn` the last message is a response that the model goes on writing, or thinking about.
 */
export function requestOf(conversation: Conversation, goesOn: boolean): ChatRequest {
  const { system, parameters } = conversation;
  const said = conversation.messages.map((message, index, all) =>
    apiMessage(message, goesOn && index === all.length - 1),
  );
  const messages: ApiMessage[] = system.trim() === "" ? said : [{ role: "system", content: system }, ...said];
  return {
    messages,
    ...(parameters.temperature === undefined ? {} : { temperature: parameters.temperature }),
    ...(parameters.topP === undefined ? {} : { top_p: parameters.topP }),
    ...(parameters.maxTokens === undefined ? {} : { max_tokens: parameters.maxTokens }),
    ...(parameters.seed === undefined ? {} : { seed: parameters.seed }),
    ...(goesOn ? { continue_final_message: true, add_generation_prompt: false } : {}),
  };
}

function apiMessage(message: Message, isUnfinished: boolean): ApiMessage {
  if (message.role === "user") return { role: "user", content: message.content };
  const { content, reasoning } = partsOf(message);
  if (!isUnfinished) return { role: "assistant", content: content.trim() };
  return { role: "assistant", content, ...(reasoning === "" ? {} : { reasoning_content: reasoning }) };
}
