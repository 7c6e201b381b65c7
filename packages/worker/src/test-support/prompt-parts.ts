import { systemClock } from "@drover/foundation/clock";
import type { Vocabulary } from "../engine/engine.ts";
import type { ChatPromptParts } from "../generation/prompt/chat-prompt.ts";
import { PromptTokenizer } from "../generation/prompt/prompt-tokenizer.ts";

/** What `ChatPrompts` needs of a vocabulary. */
export function promptParts(vocabulary: Vocabulary): ChatPromptParts {
  return { vocabulary, tokenizer: new PromptTokenizer({ vocabulary, clock: systemClock }), clock: systemClock };
}
