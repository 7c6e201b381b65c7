import type { VNode } from "preact";
import { texts } from "../../language/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { generate, running } from "../generation.ts";
import { type ResponseMessage, cutBefore } from "../conversation.ts";
import { update } from "../conversations.ts";

interface ResponseActionsProps {
  readonly conversationId: string;
  readonly message: ResponseMessage;
  readonly content: string;
  readonly isLast: boolean;
}

/** Copy; at the conversation's end also another response, and more of one that was cut off. */
export function ResponseActions({ conversationId, message, content, isLast }: ResponseActionsProps): VNode {
  const { copy, regenerate, goOn } = texts.value;
  const isFree = isLast && !running.value.has(conversationId);
  const again = () => {
    update(conversationId, (before) => cutBefore(before, message.id));
    void generate(conversationId);
  };
  return (
    <>
      {content.trim() !== "" && <CopyButton text={content.trim()} label={copy} />}
      {isFree && (
        <button type="button" class="quiet" aria-label={regenerate} title={regenerate} onClick={again}>
          <Icon name="again" />
        </button>
      )}
      {isFree && message.end !== "done" && (content + message.reasoning).trim() !== "" && (
        <button type="button" class="quiet wide" onClick={() => void generate(conversationId, message)}>
          <Icon name="goOn" />
          {goOn}
        </button>
      )}
    </>
  );
}
