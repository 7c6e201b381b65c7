import type { VNode } from "preact";
import { epochMs } from "../../clock.ts";
import { texts } from "../../language/language.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { IconButton } from "../../parts/icon-button.tsx";
import { generate, running } from "../generation.ts";
import { focusField } from "../composer.tsx";
import { type ResponseMessage, cutBefore, versionBeside, versionsOf, withMessage } from "../conversation.ts";
import { update } from "../conversations.ts";

interface ResponseActionsProps {
  readonly conversationId: string;
  readonly message: ResponseMessage;
  readonly content: string;
  readonly isLast: boolean;
}

/** Copy; at the conversation's end also another response, those before it, and more of one that was cut off. */
export function ResponseActions({ conversationId, message, content, isLast }: ResponseActionsProps): VNode {
  const { copy, regenerate, goOn } = texts.value;
  const isFree = isLast && !running.value.has(conversationId);
  // The button that was pressed goes away.
  const ask = (asked: Parameters<typeof generate>[1]) => {
    void generate(conversationId, asked);
    focusField();
  };
  const again = () => {
    update(conversationId, (before) => cutBefore(before, message.id));
    ask({ instead: message });
  };
  return (
    <>
      {content.trim() !== "" && <CopyButton text={content.trim()} label={copy} />}
      {isFree && <IconButton icon="again" label={regenerate} onClick={again} />}
      {isFree && message.others !== undefined && <Versions conversationId={conversationId} message={message} />}
      {isFree && message.end !== "done" && (content + message.reasoning).trim() !== "" && (
        <button type="button" class="quiet wide" onClick={() => ask({ unfinished: message })}>
          <Icon name="goOn" />
          {goOn}
        </button>
      )}
    </>
  );
}

/** Leads to the other responses to the same message. */
function Versions({ conversationId, message }: Pick<ResponseActionsProps, "conversationId" | "message">): VNode {
  const { versionBefore, versionAfter } = texts.value;
  const all = versionsOf(message);
  const index = all.findIndex(({ id }) => id === message.id);
  const step = (by: number, label: string, isThere: boolean) => (
    <IconButton
      icon={by < 0 ? "before" : "after"}
      label={label}
      aria-disabled={!isThere}
      onClick={() => update(conversationId, (before) => withMessage(before, versionBeside(message, by), epochMs()))}
    />
  );
  return (
    <span class="versions">
      {step(-1, versionBefore, index > 0)}
      <output>
        {index + 1} / {all.length}
      </output>
      {step(1, versionAfter, index + 1 < all.length)}
    </span>
  );
}
