import type { VNode } from "preact";
import { texts } from "../../language/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { answer, running } from "../answering.ts";
import { type AnswerMessage, cutBefore } from "../conversation.ts";
import { update } from "../conversations.ts";

interface AnswerActionsProps {
  readonly conversationId: string;
  readonly message: AnswerMessage;
  readonly content: string;
  readonly isLast: boolean;
}

/** Copy; at the conversation's end also another response, and more of one that was cut off. */
export function AnswerActions({ conversationId, message, content, isLast }: AnswerActionsProps): VNode {
  const { copy, regenerate, goOn } = texts.value;
  const isFree = isLast && !running.value.has(conversationId);
  const again = () => {
    update(conversationId, (before) => cutBefore(before, message.id));
    void answer(conversationId);
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
        <button type="button" class="quiet wide" onClick={() => void answer(conversationId, message)}>
          <Icon name="goOn" />
          {goOn}
        </button>
      )}
    </>
  );
}
